// The requests behind a view, as the batch route takes them.

import { formatFilter, type Filter } from "./filter";
import type { TimeRange } from "./period";

export interface Query {
  path: string;
  params: Record<string, string | string[]>;
}

export type Params = Query["params"];

/** startAt and endAt of a range; days are read in the website's zone. */
export function rangeParams(range: TimeRange): Params {
  return range.kind === "days"
    ? { startAt: range.from, endAt: range.to }
    : { startAt: range.from.toISOString(), endAt: range.to.toISOString() };
}

export function filterParams(filters: Filter[]): Params {
  const params: Record<string, string[]> = {};
  for (const filter of filters) (params[`filter_${filter.name}`] ??= []).push(formatFilter(filter));
  return params;
}

/** The query string of a single request with the same parameters. */
export function searchParams(params: Params): URLSearchParams {
  const pairs = Object.entries(params).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((each) => [name, each] as [string, string]),
  );
  return new URLSearchParams(pairs);
}
