import { expect, it } from "vitest";
import { panelKinds } from "./dimensions";
import { shareOfLargest, sortRows, toRows } from "./rows";

const dimension = (id: string) => {
  const found = panelKinds.flatMap(({ dimensions }) => dimensions).find((each) => each.id === id);
  if (!found) throw new Error(`no dimension ${id}`);
  return found;
};

it("names a path's host only where there are several", () => {
  const page = (hostname: string) => ({ hostname, path: "/", visitors: 1, revenue: 0, payments: 0 });
  expect(toRows([page("a.example")], dimension("page"))[0]?.host).toBeUndefined();
  expect(toRows([page("a.example"), page("b.example")], dimension("page")).map(({ host }) => host)).toEqual([
    "a.example",
    "b.example",
  ]);
});

it("takes flags from this server, whatever host the API names", () => {
  const row = { country: "France", image: "https://stats.example.com/flags/FR.svg", visitors: 3, revenue: 0 };
  expect(toRows([row], dimension("country"))[0]).toMatchObject({ value: "France", image: "/flags/FR.svg", count: 3 });
});

it("reads a campaign's parameter and a goal's completions", () => {
  const campaign = { campaign: { utm_campaign: "autumn" }, visitors: 2 };
  expect(toRows([campaign], dimension("utm_campaign"))[0]?.value).toBe("autumn");
  expect(toRows([{ goal: "signup", completions: 9, visitors: 4 }], dimension("goal"))[0]).toMatchObject({ count: 9, visitors: 4 });
});

it("sorts by revenue without losing the server's order", () => {
  const rows = toRows(
    [
      { browser: "A", visitors: 9, revenue: 1 },
      { browser: "B", visitors: 5, revenue: 4 },
    ],
    dimension("browser"),
  );
  expect(sortRows(rows, "revenue").map(({ value }) => value)).toEqual(["B", "A"]);
  expect(rows.map((row) => shareOfLargest(row, rows, "revenue"))).toEqual([0.25, 1]);
});
