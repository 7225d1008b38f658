// A funnel while it is written: a step is a name, a kind and one text.

import type { StepBody, StepRow } from "$lib/api/schema";

export interface DraftStep {
  name: string;
  type: StepRow["type"];
  /** A path or URL, or a goal's name. */
  target: string;
}

export const stepLimits = { least: 2, most: 8 };

export const emptyStep = (): DraftStep => ({ name: "", type: "pageview", target: "" });

export const toDraft = (steps: Omit<StepRow, "id">[]): DraftStep[] =>
  steps.map((step) => ({ name: step.name, type: step.type, target: (step.type === "goal" ? step.goalName : step.url) ?? "" }));

/** Steps as the API takes them; one without a name is called by what it asks for. */
export const fromDraft = (steps: DraftStep[]): StepBody[] =>
  steps.map(({ name, type, target }) => {
    const text = target.trim();
    const shown = name.trim() || text;
    return type === "goal" ? { name: shown, type, goalName: text.toLowerCase() } : { name: shown, type, url: text };
  });
