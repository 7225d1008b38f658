// The range that a range is compared with, and the change between two numbers.

import { addDays, addMonths, countDays } from "./civil";
import type { TimeRange } from "./period";

export const comparisons = [
  { key: "previous", label: "Previous period" },
  { key: "year", label: "Same period last year" },
  { key: "none", label: "No comparison" },
] as const;

export type Comparison = (typeof comparisons)[number]["key"];

export const isComparison = (text: string | null): text is Comparison =>
  comparisons.some(({ key }) => key === text);

function instantsBefore(from: Date, to: Date, comparison: Comparison): TimeRange {
  const length = comparison === "previous" ? to.getTime() - from.getTime() : 365 * 86_400_000;
  return { kind: "instants", from: new Date(from.getTime() - length), to: new Date(to.getTime() - length) };
}

export function comparedRange(range: TimeRange, comparison: Comparison): TimeRange | undefined {
  if (comparison === "none") return undefined;
  if (range.kind === "instants") return instantsBefore(range.from, range.to, comparison);
  const { from, to } = range;
  if (comparison === "year") return { kind: "days", from: addMonths(from, -12), to: addMonths(to, -12) };
  const length = countDays(from, to);
  return { kind: "days", from: addDays(from, -length), to: addDays(to, -length) };
}

export type Change =
  | { kind: "none" }
  | { kind: "new" }
  | { kind: "share"; value: number };

/** (now − then) ÷ then; from nothing to something is new. */
export function change(now: number, then: number | undefined): Change {
  if (then === undefined || (then === 0 && now === 0)) return { kind: "none" };
  if (then === 0) return { kind: "new" };
  return { kind: "share", value: (now - then) / then };
}
