// Questions about one website, of the public API.

import { searchParams, type Params, type Query } from "$lib/query/batch";
import type { Interval } from "$lib/query/period";
import { open, request, requestCSV, type Envelope } from "./client";
import type { OverviewRow, TimeseriesRow } from "./schema";

/** With the page views, which come when they are asked for. */
export type Overview = OverviewRow & { pageviews: number };
export type Bucket = TimeseriesRow;

export interface TimeSeries extends Envelope<Bucket[]> {
  interval: Interval;
  timezone: string;
  currency: string | null;
}

/** A breakdown's row: its dimension under a name of its own, and numbers. */
export type Row = Record<string, unknown>;

/** Opens an answer of a batch; throws the ApiError that stands there instead. */
export type Answer = () => Envelope<unknown>;

const root = "/api/v1";
const website = (websiteId: string) => new URLSearchParams({ websiteId });

/** Ask many questions at once, by name; a failed one does not fail the others. */
export async function batch(
  websiteId: string,
  queries: Record<string, Query>,
  signal?: AbortSignal,
): Promise<Record<string, Answer>> {
  const { data } = await request<unknown[]>("POST", `${root}/analytics/query`, {
    query: website(websiteId),
    body: { queries: Object.values(queries) },
    ...(signal ? { signal } : {}),
  });
  return Object.fromEntries(Object.keys(queries).map((name, index) => [name, () => open(data[index], 0)]));
}

/** One question. */
export async function ask<T>(websiteId: string, { path, params }: Query, signal?: AbortSignal): Promise<Envelope<T>> {
  const query = searchParams({ ...params, websiteId });
  return request<T>("GET", root + path, { query, ...(signal ? { signal } : {}) });
}

export async function liveVisitors(websiteId: string, signal?: AbortSignal): Promise<number> {
  const { data } = await ask<{ visitors: number }[]>(websiteId, { path: "/analytics/realtime", params: {} }, signal);
  return data[0]?.visitors ?? 0;
}

export const downloadCSV = (websiteId: string, path: string, params: Params) =>
  requestCSV(root + path, searchParams({ ...params, websiteId, limit: "1000" }));
