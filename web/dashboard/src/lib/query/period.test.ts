import { describe, expect, it } from "vitest";
import { addDays, addMonths, countDays, dayIn, endOfMonth, isDay, startOfWeek } from "./civil";
import { intervalFor, intervalsFor, shifted, timeRange, type PeriodKey, type TimeRange } from "./period";

const days = (from: string, to: string): TimeRange => ({ kind: "days", from, to });

describe("civil days", () => {
  it.each([
    ["Pacific/Auckland", "2026-04-04T11:59:00Z", "2026-04-05"], // still +13, the night the clocks go back
    ["Pacific/Auckland", "2026-04-05T12:00:00Z", "2026-04-06"],
    ["America/New_York", "2026-03-08T04:59:00Z", "2026-03-07"], // the night they go forward
    ["America/New_York", "2026-03-09T04:00:00Z", "2026-03-09"],
    ["UTC", "2026-12-31T23:59:59Z", "2026-12-31"],
  ])("in %s at %s it is %s", (zone, instant, day) => {
    expect(dayIn(zone, new Date(instant))).toBe(day);
  });

  it("know months and weeks", () => {
    expect(addMonths("2026-03-31", -1)).toBe("2026-02-28");
    expect(addMonths("2024-02-29", 12)).toBe("2025-02-28");
    expect(endOfMonth("2024-02-10")).toBe("2024-02-29");
    expect(startOfWeek("2026-11-29")).toBe("2026-11-23"); // a Sunday belongs to the week before
    expect(countDays("2026-03-28", "2026-03-30")).toBe(3); // over a change of the clocks
    expect(addDays("2026-12-31", 1)).toBe("2027-01-01");
    expect([isDay("2026-02-30"), isDay("2026-2-3"), isDay("2026-02-28")]).toEqual([false, false, true]);
  });
});

describe("timeRange", () => {
  // 23:30 in Berlin on the 24th
  const clock = { now: new Date("2026-11-24T22:30:00Z"), zone: "Europe/Berlin", firstDay: "2026-08-02" };

  it.each<[PeriodKey, string, string]>([
    ["today", "2026-11-24", "2026-11-24"],
    ["yesterday", "2026-11-23", "2026-11-23"],
    ["7d", "2026-11-18", "2026-11-24"],
    ["30d", "2026-10-26", "2026-11-24"],
    ["12mo", "2025-12-01", "2026-11-24"],
    ["wtd", "2026-11-23", "2026-11-24"],
    ["mtd", "2026-11-01", "2026-11-24"],
    ["ytd", "2026-01-01", "2026-11-24"],
    ["lastmonth", "2026-10-01", "2026-10-31"],
    ["all", "2026-08-02", "2026-11-24"],
  ])("%s is %s to %s", (period, from, to) => {
    expect(timeRange({ period }, clock)).toEqual(days(from, to));
  });

  it("is exact for the last hours", () => {
    expect(timeRange({ period: "24h" }, clock)).toEqual({
      kind: "instants",
      from: new Date("2026-11-23T22:30:00Z"),
      to: clock.now,
    });
  });
});

describe("interval", () => {
  it("suits the length", () => {
    expect(intervalFor(days("2026-11-24", "2026-11-24"), undefined)).toBe("hour");
    expect(intervalFor(days("2026-11-18", "2026-11-24"), undefined)).toBe("day");
    expect(intervalFor(days("2025-12-01", "2026-11-24"), undefined)).toBe("month");
  });

  it("is the one asked for only when that fits", () => {
    expect(intervalFor(days("2026-11-18", "2026-11-24"), "hour")).toBe("hour");
    expect(intervalFor(days("2025-12-01", "2026-11-24"), "hour")).toBe("month");
    expect(intervalsFor(days("2026-11-24", "2026-11-24"))).toEqual(["hour"]);
  });
});

describe("shifted", () => {
  it("moves days by their number and months by months", () => {
    expect(shifted(days("2026-11-18", "2026-11-24"), -1)).toMatchObject({ from: "2026-11-11", to: "2026-11-17" });
    expect(shifted(days("2026-03-01", "2026-03-31"), -1)).toMatchObject({ from: "2026-02-01", to: "2026-02-28" });
    expect(shifted(days("2026-01-01", "2026-03-31"), 1)).toMatchObject({ from: "2026-04-01", to: "2026-06-30" });
  });

  it("does not move what ends now", () => {
    expect(shifted({ kind: "instants", from: new Date(0), to: new Date(1) }, 1)).toBeUndefined();
  });
});
