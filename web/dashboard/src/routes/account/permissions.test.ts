import { expect, it } from "vitest";
import { isImplied, togglePermission } from "./permissions";

it("knows what is included", () => {
  const read = { name: "funnels:read", includedBy: "funnels:write" };
  expect([isImplied(read, []), isImplied(read, ["funnels:write"]), isImplied(read, ["*"])]).toEqual([false, true, true]);
  expect(isImplied({ name: "*", includedBy: null }, ["*"])).toBe(false);
});

it("lets everything stand alone", () => {
  expect(togglePermission(["goals:read"], "*")).toEqual(["*"]);
  expect(togglePermission(["*"], "*")).toEqual([]);
  expect(togglePermission(["goals:read"], "notes:read")).toEqual(["goals:read", "notes:read"]);
});
