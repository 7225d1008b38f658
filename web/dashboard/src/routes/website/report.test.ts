import { expect, it, vi } from "vitest";
import { initialView, type View } from "$lib/query/view";
import { loadReport, questions } from "./report";

const range = { kind: "days", from: "2026-05-01", to: "2026-05-07" } as const;
const view: View = { ...initialView, filters: [{ name: "country", operator: "is", values: ["FR"] }] };

it("asks no more at once than the batch route takes", () => {
  const asked = questions(range, view);
  expect(Object.keys(asked).length).toBeLessThanOrEqual(32);
  expect(asked["compared-overview"]?.params).toMatchObject({ startAt: "2026-04-24", filter_country: ["is:FR"] });
  expect(asked["page"]?.params).toMatchObject({ startAt: "2026-05-01", filter_country: ["is:FR"] });
});

it("asks nothing about a comparison that is off", () => {
  const asked = questions(range, { ...view, comparison: "none" });
  expect(Object.keys(asked).some((name) => name.startsWith("compared"))).toBe(false);
});

/** The batch route, answering each question by its path. */
function answering(answer: (path: string) => unknown) {
  vi.stubGlobal("fetch", async (_url: string, { body }: { body: string }) => {
    const { queries } = JSON.parse(body) as { queries: { path: string }[] };
    return new Response(JSON.stringify({ status: "success", data: queries.map(({ path }) => answer(path)) }));
  });
}

it("lets one failed panel not spoil the others", async () => {
  answering((path) => {
    if (path === "/analytics/cities") return { status: "error", error: { code: 504, message: "too slow" } };
    if (path === "/analytics/overview") return { status: "success", data: [{ visitors: 40 }] };
    if (path === "/analytics/metadata") return { status: "success", data: [{ kpi: "signup", kpiColorScheme: "teal" }] };
    if (path === "/analytics/goals") return { status: "success", data: [{ goal: "signup", completions: 9, visitors: 8 }] };
    return { status: "success", data: [], meta: { unattributed: { revenue: 12 } } };
  });
  const report = await loadReport("665f0b3c4d2e1a0012345678", range, view, new AbortController().signal);
  expect(report.overview.visitors).toBe(40);
  expect(report.kpi).toEqual({ goal: "signup", color: "teal", visitors: 8, comparedVisitors: 8 });
  const dimension = (id: string) => ({ id }) as Parameters<typeof report.breakdown>[0];
  expect(report.breakdown(dimension("region"))).toEqual({ rows: [], unattributed: 12 });
  expect(() => report.breakdown(dimension("city"))).toThrow("too slow");
  vi.unstubAllGlobals();
});
