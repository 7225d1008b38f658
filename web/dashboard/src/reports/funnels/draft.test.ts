import { expect, it } from "vitest";
import { fromDraft, toDraft } from "./draft";

it("is the same after a way through the draft", () => {
  const steps = [
    { name: "Landing", type: "pageview", url: "/" },
    { name: "Signup", type: "goal", goalName: "signup" },
  ] as const;
  expect(fromDraft(toDraft([...steps]))).toEqual(steps);
});

it("names a step by what it asks for", () => {
  expect(fromDraft([{ name: " ", type: "goal", target: " Signup " }])).toEqual([
    { name: "Signup", type: "goal", goalName: "signup" },
  ]);
});
