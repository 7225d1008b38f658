// What the cards over the chart show, and against what.

import type { Overview } from "$lib/api/analytics";
import { kpiColors } from "$lib/format/kpi-color";
import { formatCount, formatDuration, formatExact, formatMoney, formatPercent } from "$lib/format/number";
import { change, type Change } from "$lib/query/comparison";

export interface Card {
  label: string;
  value: string;
  /** Every digit, where the value is shortened. */
  exact: string;
  change: Change;
  /** For a bounce rate less is better. */
  isLessBetter: boolean;
  hint: string;
  /** Of the website's KPI. */
  color?: string | undefined;
}

interface Metric {
  label: string;
  hint: string;
  read: (overview: Overview) => number;
  format: (value: number, currency: string) => string;
  isLessBetter?: boolean;
}

const metrics: Metric[] = [
  { label: "Visitors", hint: "Distinct visitors with a page view or goal", read: (each) => each.visitors, format: formatCount },
  { label: "Revenue", hint: "Payments less refunds", read: (each) => each.revenue, format: formatMoney },
  {
    label: "Conversion rate",
    hint: "Visitors with a new payment, of all visitors",
    read: (each) => each.conversion_rate,
    format: formatPercent,
  },
  { label: "Revenue per visitor", hint: "Revenue by visitors", read: (each) => each.revenue_per_visitor, format: formatMoney },
  {
    label: "Bounce rate",
    hint: "Sessions with one page view and nothing more",
    read: (each) => each.bounce_rate,
    format: formatPercent,
    isLessBetter: true,
  },
  { label: "Session time", hint: "Mean over all sessions", read: (each) => each.avg_session_duration, format: formatDuration },
];

export interface KPI {
  goal: string;
  visitors: number;
  comparedVisitors: number | undefined;
  /** Name of its colour. */
  color: string;
}

const rate = (part: number, whole: number) => (whole > 0 ? (part / whole) * 100 : 0);

function kpiCard({ goal, visitors, comparedVisitors, color }: KPI, now: Overview, then: Overview | undefined): Card {
  const value = rate(visitors, now.visitors);
  const before = then && comparedVisitors !== undefined ? rate(comparedVisitors, then.visitors) : undefined;
  return {
    label: `Goal: ${goal}`,
    value: formatPercent(value),
    exact: `${formatExact(visitors)} visitors`,
    change: change(value, before),
    isLessBetter: false,
    hint: "Visitors who reached the goal, of all visitors",
    color: kpiColors[color],
  };
}

export function toCards(now: Overview, then: Overview | undefined, kpi: KPI | undefined): Card[] {
  const cards = metrics.map(({ label, hint, read, format, isLessBetter = false }) => ({
    label,
    hint,
    value: format(read(now), now.currency),
    exact: formatExact(read(now)),
    change: change(read(now), then && read(then)),
    isLessBetter,
  }));
  return kpi ? [...cards, kpiCard(kpi, now, then)] : cards;
}
