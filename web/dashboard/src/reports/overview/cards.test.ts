import { expect, it } from "vitest";
import type { Overview } from "$lib/api/analytics";
import { toCards } from "./cards";

const overview = (more: Partial<Overview>): Overview => ({
  visitors: 200,
  sessions: 260,
  pageviews: 700,
  bounce_rate: 40,
  avg_session_duration: 61_000,
  currency: "€",
  revenue: 90,
  payments: 3,
  revenue_per_visitor: 0.45,
  conversion_rate: 1.5,
  ...more,
});

const card = (label: string, cards: ReturnType<typeof toCards>) => cards.find((each) => each.label === label);

it("shows each number with its unit and its change", () => {
  const cards = toCards(overview({}), overview({ visitors: 100, bounce_rate: 50, revenue: 0 }), undefined);
  expect(cards.map(({ label, value }) => `${label} ${value}`)).toEqual([
    "Visitors 200",
    "Revenue €90",
    "Conversion rate 1.5%",
    "Revenue per visitor €0.45",
    "Bounce rate 40%",
    "Session time 1m 01s",
  ]);
  expect(card("Visitors", cards)?.change).toEqual({ kind: "share", value: 1 });
  expect(card("Revenue", cards)?.change).toEqual({ kind: "new" });
  expect(card("Bounce rate", cards)?.isLessBetter).toBe(true);
});

it("adds the rate of the chosen goal", () => {
  const kpi = { goal: "signup", visitors: 50, comparedVisitors: 10, color: "teal" };
  const cards = toCards(overview({}), overview({ visitors: 100 }), kpi);
  expect(card("Goal: signup", cards)).toMatchObject({ value: "25%", change: { kind: "share", value: 1.5 } });
});

it("has no change without a comparison", () => {
  expect(toCards(overview({}), undefined, undefined).every(({ change }) => change.kind === "none")).toBe(true);
});
