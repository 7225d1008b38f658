import { expect, it } from "vitest";
import type { Filter } from "$lib/query/filter";
import { visitorParams } from "./visitor-query";

it("says which filters the list of visitors does not know", () => {
  const country: Filter = { name: "country", operator: "is", values: ["France", "Spain"] };
  const docs: Filter = { name: "page", operator: "contains", values: ["/docs"] };
  const channel: Filter = { name: "channel", operator: "is", values: ["Email"] };
  expect(visitorParams([country, docs, channel])).toEqual({
    params: { country: "France,Spain", visitedPageContains: "/docs" },
    ignored: [channel],
  });
});
