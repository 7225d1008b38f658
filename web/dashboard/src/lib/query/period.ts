// Periods of the dashboard, and the time range that each means now in the website's zone.

import { addDays, addMonths, countDays, dayIn, endOfMonth, startOfMonth, startOfWeek, startOfYear } from "./civil";

export const periods = [
  { key: "now", label: "Now (30 min)", shortcut: "" },
  { key: "today", label: "Today", shortcut: "T" },
  { key: "yesterday", label: "Yesterday", shortcut: "Y" },
  { key: "24h", label: "Last 24 hours", shortcut: "D" },
  { key: "7d", label: "Last 7 days", shortcut: "W" },
  { key: "30d", label: "Last 30 days", shortcut: "M" },
  { key: "90d", label: "Last 90 days", shortcut: "" },
  { key: "12mo", label: "Last 12 months", shortcut: "" },
  { key: "wtd", label: "Week to date", shortcut: "" },
  { key: "mtd", label: "Month to date", shortcut: "" },
  { key: "ytd", label: "Year to date", shortcut: "" },
  { key: "lastmonth", label: "Last month", shortcut: "" },
  { key: "all", label: "All time", shortcut: "A" },
] as const;

export type PeriodKey = (typeof periods)[number]["key"] | "custom";
export type Interval = "hour" | "day" | "week" | "month";

export const intervals: readonly Interval[] = ["hour", "day", "week", "month"];

export const isPeriodKey = (text: string | null): text is PeriodKey =>
  text === "custom" || periods.some(({ key }) => key === text);
export const isInterval = (text: string | null): text is Interval =>
  intervals.some((interval) => interval === text);

/** Whole days, both included, or exact instants. */
export type TimeRange =
  | { kind: "days"; from: string; to: string }
  | { kind: "instants"; from: Date; to: Date };

export interface Clock {
  now: Date;
  zone: string;
  /** The day of the website's first event, or the day it was added. */
  firstDay: string;
}

export interface Selection {
  period: PeriodKey;
  from?: string | undefined;
  to?: string | undefined;
}

const days = (from: string, to: string): TimeRange => ({ kind: "days", from, to });

const last = (now: Date, minutes: number): TimeRange => ({
  kind: "instants",
  from: new Date(now.getTime() - minutes * 60_000),
  to: now,
});

export function timeRange({ period, from, to }: Selection, { now, zone, firstDay }: Clock): TimeRange {
  const today = dayIn(zone, now);
  const back = (count: number) => days(addDays(today, 1 - count), today);
  switch (period) {
    case "now":
      return last(now, 30);
    case "24h":
      return last(now, 24 * 60);
    case "today":
      return days(today, today);
    case "yesterday":
      return days(addDays(today, -1), addDays(today, -1));
    case "7d":
      return back(7);
    case "30d":
      return back(30);
    case "90d":
      return back(90);
    case "12mo":
      return days(addMonths(startOfMonth(today), -11), today);
    case "wtd":
      return days(startOfWeek(today), today);
    case "mtd":
      return days(startOfMonth(today), today);
    case "ytd":
      return days(startOfYear(today), today);
    case "lastmonth": {
      const month = addMonths(startOfMonth(today), -1);
      return days(month, endOfMonth(month));
    }
    case "all":
      return days(firstDay < today ? firstDay : today, today);
    case "custom":
      return from && to && from <= to ? days(from, to) : back(7);
  }
}

const hourMS = 3_600_000;

const lengthInDays = (range: TimeRange) =>
  range.kind === "days"
    ? countDays(range.from, range.to)
    : (range.to.getTime() - range.from.getTime()) / (24 * hourMS);

/** The intervals that make a readable chart of the range, finest first. */
export function intervalsFor(range: TimeRange): Interval[] {
  const length = lengthInDays(range);
  const fits: Record<Interval, boolean> = {
    hour: length <= 14,
    day: length >= 2 && length <= 400,
    week: length >= 14 && length <= 1500,
    month: length >= 60,
  };
  return intervals.filter((interval) => fits[interval]);
}

/** The interval to show: the one asked for when it fits, else one that suits the length. */
export function intervalFor(range: TimeRange, asked: Interval | undefined): Interval {
  const fitting = intervalsFor(range);
  if (asked && fitting.includes(asked)) return asked;
  const length = lengthInDays(range);
  if (length < 2) return "hour";
  if (length <= 92) return "day";
  return length <= 250 ? "week" : "month";
}

const isWholeMonths = (from: string, to: string) => from === startOfMonth(from) && to === endOfMonth(to);

const monthsBetween = (from: string, to: string) =>
  (Number(to.slice(0, 4)) - Number(from.slice(0, 4))) * 12 + Number(to.slice(5, 7)) - Number(from.slice(5, 7)) + 1;

/** The neighbouring range of the same length, for the arrow keys; whole months stay whole months. */
export function shifted(range: TimeRange, direction: 1 | -1): Selection | undefined {
  if (range.kind === "instants") return undefined;
  const { from, to } = range;
  if (isWholeMonths(from, to)) {
    const count = monthsBetween(from, to) * direction;
    return { period: "custom", from: addMonths(from, count), to: endOfMonth(addMonths(startOfMonth(to), count)) };
  }
  const count = countDays(from, to) * direction;
  return { period: "custom", from: addDays(from, count), to: addDays(to, count) };
}
