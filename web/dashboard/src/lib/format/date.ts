// Dates and times. Those of a website are shown in its zone; a bucket's timestamp
// carries that zone's wall clock in its own text.

import type { Interval, TimeRange } from "$lib/query/period";

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const monthName = (text: string) => months[Number(text.slice(5, 7)) - 1] ?? "";

/** "2026-05-18" → 18 May 2026. */
export const formatDay = (day: string) => `${Number(day.slice(8, 10))} ${monthName(day)} ${day.slice(0, 4)}`;

const shortDay = (day: string) => `${Number(day.slice(8, 10))} ${monthName(day)}`;

export function formatRange(from: string, to: string): string {
  if (from === to) return formatDay(from);
  if (from.slice(0, 7) === to.slice(0, 7)) return `${Number(from.slice(8))} – ${formatDay(to)}`;
  const sameYear = from.slice(0, 4) === to.slice(0, 4);
  return `${sameYear ? shortDay(from) : formatDay(from)} – ${formatDay(to)}`;
}

/** What a range is called when no period names it. */
export const describeRange = (range: TimeRange) =>
  range.kind === "days" ? formatRange(range.from, range.to) : "";

/** A bucket's start on the axis: 14:00, 18 May, May 2026. */
export function formatBucket(timestamp: string, interval: Interval): string {
  if (interval === "hour") return timestamp.slice(11, 16);
  return interval === "month" ? `${monthName(timestamp)} ${timestamp.slice(0, 4)}` : shortDay(timestamp);
}

/** The same, complete, for the tooltip and the table. */
export function formatBucketLong(timestamp: string, interval: Interval): string {
  const day = formatDay(timestamp.slice(0, 10));
  if (interval === "hour") return `${day}, ${timestamp.slice(11, 16)}`;
  if (interval === "week") return `Week of ${day}`;
  return interval === "month" ? formatBucket(timestamp, interval) : day;
}

/** An instant in a zone: 18 May 2026, 14:05. */
export const formatInstant = (instant: string, zone?: string) =>
  new Date(instant).toLocaleString("en-GB", {
    ...(zone ? { timeZone: zone } : {}),
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
  });

const steps: [number, Intl.RelativeTimeFormatUnit][] = [
  [60, "second"],
  [60, "minute"],
  [24, "hour"],
  [30, "day"],
  [12, "month"],
  [Infinity, "year"],
];

/** How long ago: "3 hours ago", "yesterday", "never" for null. */
export function formatAgo(instant: string | null, now = Date.now()): string {
  if (instant === null) return "never";
  const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  let value = (Date.parse(instant) - now) / 1000;
  for (const [size, unit] of steps) {
    if (Math.abs(value) < size) return relative.format(Math.trunc(value), unit);
    value /= size;
  }
  return "";
}
