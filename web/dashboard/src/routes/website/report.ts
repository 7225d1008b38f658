// All questions of the main page, asked in one request, and their answers.

import { batch, type Answer, type Overview, type Row, type TimeSeries } from "$lib/api/analytics";
import type { Envelope } from "$lib/api/client";
import type { MetadataRow } from "$lib/api/schema";
import { filterParams, rangeParams, type Params, type Query } from "$lib/query/batch";
import { comparedRange } from "$lib/query/comparison";
import { intervalFor, type Interval, type TimeRange } from "$lib/query/period";
import type { View } from "$lib/query/view";
import { panelKinds, type Dimension } from "../../reports/breakdown/dimensions";
import type { Breakdown } from "../../reports/breakdown/rows";
import type { KPI } from "../../reports/overview/cards";

export interface Report {
  overview: Overview;
  compared: Overview | undefined;
  kpi: KPI | undefined;
  series: () => { series: TimeSeries; compared: TimeSeries | undefined };
  breakdown: (dimension: Dimension) => Breakdown;
}

const overviewFields =
  "visitors,sessions,pageviews,bounce_rate,avg_session_duration,currency,revenue,payments,revenue_per_visitor,conversion_rate";

function overTime(prefix: string, params: Params, interval: Interval): Record<string, Query> {
  return {
    [`${prefix}overview`]: { path: "/analytics/overview", params: { ...params, fields: overviewFields } },
    [`${prefix}series`]: {
      path: "/analytics/timeseries",
      params: { ...params, interval, fields: "visitors,revenue", limit: "1000" },
    },
  };
}

/** The range, filters and attribution of a view, as each of its questions has them. */
export const viewParams = (range: TimeRange, view: View): Params => ({
  ...rangeParams(range),
  ...filterParams(view.filters),
  ...(view.attribution ? { attribution: view.attribution } : {}),
});

export function questions(range: TimeRange, view: View): Record<string, Query> {
  const params = viewParams(range, view);
  const interval = intervalFor(range, view.interval);
  const before = comparedRange(range, view.comparison);
  const beforeParams = before && viewParams(before, view);
  const dimensions = panelKinds.flatMap((panel) => panel.dimensions);
  return {
    metadata: { path: "/analytics/metadata", params: {} },
    ...overTime("", params, interval),
    ...(beforeParams
      ? { ...overTime("compared-", beforeParams, interval), "compared-goal": { path: "/analytics/goals", params: beforeParams } }
      : {}),
    ...Object.fromEntries(
      dimensions.map(({ id, path, params: own }) => [id, { path, params: { ...params, ...own, limit: "100" } }]),
    ),
  };
}

type Answers = Record<string, Answer>;

interface BreakdownAnswer extends Envelope<Row[]> {
  meta?: { unattributed?: { revenue: number } };
}

const read = <T>(answers: Answers, name: string): T => {
  const answer = answers[name];
  if (!answer) throw new Error(`no answer to ${name}`);
  return answer() as T;
};

const firstOf = <T>(answers: Answers, name: string): T | undefined =>
  answers[name] && read<Envelope<T[]>>(answers, name).data[0];

const goalVisitors = (answers: Answers, name: string, goal: string): number | undefined => {
  if (!answers[name]) return undefined;
  const row = read<Envelope<Row[]>>(answers, name).data.find((each) => each["goal"] === goal);
  return Number(row?.["visitors"] ?? 0);
};

function kpiOf(answers: Answers): KPI | undefined {
  const { kpi: goal, kpiColorScheme: color = "" } = firstOf<MetadataRow>(answers, "metadata") ?? {};
  if (!goal) return undefined;
  return {
    goal,
    color,
    visitors: goalVisitors(answers, "goal", goal) ?? 0,
    comparedVisitors: goalVisitors(answers, "compared-goal", goal),
  };
}

export async function loadReport(
  websiteId: string,
  range: TimeRange,
  view: View,
  signal: AbortSignal,
): Promise<Report> {
  const answers = await batch(websiteId, questions(range, view), signal);
  const overview = firstOf<Overview>(answers, "overview");
  if (!overview) throw new Error("the overview has no row");
  return {
    overview,
    compared: firstOf<Overview>(answers, "compared-overview"),
    kpi: kpiOf(answers),
    series: () => ({
      series: read<TimeSeries>(answers, "series"),
      compared: answers["compared-series"] && read<TimeSeries>(answers, "compared-series"),
    }),
    breakdown: ({ id }) => {
      const { data, meta } = read<BreakdownAnswer>(answers, id);
      return { rows: data, unattributed: meta?.unattributed?.revenue ?? 0 };
    },
  };
}
