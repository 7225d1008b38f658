import { expect, it } from "vitest";
import type { TimeSeries } from "$lib/api/analytics";
import { toPoints } from "./points";

const series = (interval: TimeSeries["interval"], timestamps: string[]): TimeSeries => ({
  status: "success",
  interval,
  timezone: "Europe/Berlin",
  currency: "€",
  data: timestamps.map((timestamp, index) => ({
    timestamp,
    name: "",
    visitors: index + 1,
    revenue: 0,
    payments: 0,
    conversion_rate: 0,
    revenueBreakdown: { new: 0, renewal: 0, refund: 0 },
  })),
});

it("shows both hours of the night in which the clock goes back", () => {
  const points = toPoints(series("hour", ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"]), undefined);
  expect(points.map(({ label }) => label)).toEqual(["02:00", "02:00"]);
  expect(points.map(({ visitors }) => visitors)).toEqual([1, 2]);
});

it("names the day of an hour when there are several days", () => {
  const points = toPoints(series("hour", ["2026-05-18T23:00:00Z", "2026-05-19T00:00:00Z"]), undefined);
  expect(points.map(({ label }) => label)).toEqual(["18 May 23:00", "19 May 00:00"]);
});

it("sets the compared series beside by position", () => {
  const now = series("day", ["2026-05-18T00:00:00Z", "2026-05-19T00:00:00Z"]);
  expect(toPoints(now, series("day", ["2026-05-16T00:00:00Z"])).map(({ compared }) => compared)).toEqual([1, undefined]);
});
