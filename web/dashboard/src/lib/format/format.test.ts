import { expect, it } from "vitest";
import { formatAgo, formatBucket, formatBucketLong, formatRange } from "./date";
import { formatChange, formatCount, formatDuration, formatMoney, formatPercent, formatShare } from "./number";

it("counts are short only when they are long", () => {
  expect([formatCount(8421), formatCount(120_345), formatCount(0)]).toEqual(["8,421", "120.3K", "0"]);
});

it("shares never hide what is there", () => {
  expect([formatShare(1, 5000), formatShare(1, 3), formatShare(3, 0), formatPercent(61.44)]).toEqual([
    "<0.1%",
    "33.3%",
    "0%",
    "61.4%",
  ]);
});

it("money has the symbol or the code", () => {
  expect([formatMoney(234.5, "$"), formatMoney(1234.5, "€"), formatMoney(-3.1, "CHF")]).toEqual([
    "$234.50",
    "€1,235",
    "−3.10 CHF",
  ]);
});

it("durations and changes", () => {
  expect([formatDuration(0), formatDuration(184_250), formatDuration(4_320_000)]).toEqual(["0s", "3m 04s", "1h 12m"]);
  expect([formatChange(0.2), formatChange(-0.0341), formatChange(0)]).toEqual(["+20%", "−3.4%", "0%"]);
});

it("dates of ranges and buckets are those of the website's zone", () => {
  expect(formatRange("2026-05-18", "2026-05-24")).toBe("18 – 24 May 2026");
  expect(formatRange("2025-12-30", "2026-01-02")).toBe("30 Dec 2025 – 2 Jan 2026");
  expect(formatBucket("2026-05-18T14:00:00+03:00", "hour")).toBe("14:00");
  expect(formatBucketLong("2026-05-18T00:00:00+03:00", "week")).toBe("Week of 18 May 2026");
});

it("tells how long ago", () => {
  const now = Date.parse("2026-05-21T09:00:00Z");
  expect([formatAgo("2026-05-21T06:00:00.000Z", now), formatAgo(null), formatAgo("2026-05-20T08:00:00Z", now)]).toEqual([
    "3 hours ago",
    "never",
    "yesterday",
  ]);
});
