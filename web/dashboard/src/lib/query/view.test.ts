import { describe, expect, it } from "vitest";
import { filterParams, rangeParams, searchParams } from "./batch";
import { change, comparedRange } from "./comparison";
import { describeFilter, formatFilter, parseFilter, toggleFilter, type Filter } from "./filter";
import { formatView, initialView, parseView, type View } from "./view";

describe("view", () => {
  it("is the same after a way through the URL", () => {
    const view: View = {
      period: "custom",
      from: "2026-03-01",
      to: "2026-03-31",
      interval: "week",
      comparison: "year",
      attribution: "first_touch",
      filters: [
        { name: "country", operator: "is", values: ["France", "Korea, Republic of"] },
        { name: "page", operator: "contains", values: ["/docs\\a"] },
        { name: "page", operator: "is_not", values: ["/docs/api"] },
      ],
      tabs: { location: "city" },
    };
    expect(parseView(new URLSearchParams(formatView(view)))).toEqual(view);
  });

  it("needs no query when all is as at first", () => {
    expect(formatView(initialView)).toBe("");
  });

  it("takes what is wrong as absent", () => {
    const search = "period=decade&interval=second&compare=me&attribution=luck&filter_shoe=42&filter_country=contains:x";
    expect(parseView(new URLSearchParams(search))).toEqual(initialView);
    expect(parseView(new URLSearchParams("period=custom&from=2026-03-31&to=2026-03-01")).period).toBe("7d");
  });
});

describe("filter", () => {
  it.each<[string, string, Filter | undefined]>([
    ["page", "/pricing", { name: "page", operator: "is", values: ["/pricing"] }],
    ["page", "http://x/y", { name: "page", operator: "is", values: ["http://x/y"] }],
    ["goal", "signup:pro", { name: "goal", operator: "is", values: ["signup:pro"] }],
    ["goal", "is:is:x", { name: "goal", operator: "is", values: ["is:x"] }],
    ["city", "is_not:Bath,Graz", { name: "city", operator: "is_not", values: ["Bath", "Graz"] }],
    ["city", "is:a\\,b,c", { name: "city", operator: "is", values: ["a,b", "c"] }],
    ["city", "is:,", undefined],
    ["city", "gte:3", undefined],
  ])("%s=%s", (name, text, expected) => {
    expect(parseFilter(name, text)).toEqual(expected);
    if (expected) expect(parseFilter(name, formatFilter(expected))).toEqual(expected);
  });

  it("goes on and off", () => {
    const filter: Filter = { name: "os", operator: "is", values: ["Linux"] };
    expect(toggleFilter(toggleFilter([], filter), { ...filter })).toEqual([]);
    expect(describeFilter(filter)).toBe("OS is Linux");
  });
});

describe("batch parameters", () => {
  it("repeat a filter that stands twice", () => {
    const filters: Filter[] = [
      { name: "page", operator: "contains", values: ["/docs"] },
      { name: "page", operator: "is_not", values: ["/docs/api"] },
    ];
    const params = { ...rangeParams({ kind: "days", from: "2026-03-01", to: "2026-03-02" }), ...filterParams(filters) };
    expect(searchParams(params).toString()).toBe(
      "startAt=2026-03-01&endAt=2026-03-02&filter_page=contains%3A%2Fdocs&filter_page=is_not%3A%2Fdocs%2Fapi",
    );
  });
});

describe("comparison", () => {
  it("takes the days before, or those of last year", () => {
    const march = { kind: "days", from: "2026-03-01", to: "2026-03-31" } as const;
    expect(comparedRange(march, "previous")).toEqual({ kind: "days", from: "2026-01-29", to: "2026-02-28" });
    expect(comparedRange(march, "year")).toEqual({ kind: "days", from: "2025-03-01", to: "2025-03-31" });
    expect(comparedRange(march, "none")).toBeUndefined();
  });

  it("tells growth, and what is new", () => {
    expect(change(12, 10)).toEqual({ kind: "share", value: 0.2 });
    expect(change(5, 0)).toEqual({ kind: "new" });
    expect(change(0, 0)).toEqual({ kind: "none" });
  });
});
