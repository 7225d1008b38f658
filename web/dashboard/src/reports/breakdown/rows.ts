// A breakdown's answer as rows to show.

import type { Row } from "$lib/api/analytics";
import type { Dimension } from "./dimensions";

export interface BreakdownRow {
  value: string;
  image: string | undefined;
  /** The host of a path, where the website has several. */
  host: string | undefined;
  visitors: number;
  count: number;
  revenue: number;
}

/** A breakdown's answer: rows, and the revenue that no session could be given. */
export interface Breakdown {
  rows: Row[];
  unattributed: number;
}

export type SortKey = "count" | "revenue";

const number = (value: unknown) => (typeof value === "number" ? value : 0);

/** Rows in the server's order. */
export function toRows(rows: Row[], dimension: Dimension): BreakdownRow[] {
  const hosts = new Set(rows.map((row) => ("path" in row ? row["hostname"] : undefined)));
  return rows.map((row) => ({
    value: dimension.value(row),
    image: dimension.image?.(row),
    host: hosts.size > 1 && typeof row["hostname"] === "string" ? row["hostname"] : undefined,
    visitors: number(row["visitors"]),
    count: number(row[dimension.metric]),
    revenue: number(row["revenue"]),
  }));
}

export const hasRevenue = (rows: BreakdownRow[]) => rows.some(({ revenue }) => revenue !== 0);

export const sortRows = (rows: BreakdownRow[], by: SortKey) =>
  by === "count" ? rows : rows.toSorted((one, other) => other.revenue - one.revenue);

/** The width of a row's bar, of the widest. */
export function shareOfLargest(row: BreakdownRow, rows: BreakdownRow[], by: SortKey): number {
  const largest = Math.max(...rows.map((each) => each[by]), 0);
  return largest > 0 ? Math.max(0, row[by] / largest) : 0;
}
