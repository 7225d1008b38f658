// The whole state of the main page, to and from its URL: a link shows the same thing.

import { isAttribution, type Attribution } from "./attribution";
import { isDay } from "./civil";
import { isComparison, type Comparison } from "./comparison";
import { formatFilter, parseFilter, type Filter } from "./filter";
import { isInterval, isPeriodKey, type Interval, type PeriodKey } from "./period";

export interface View {
  period: PeriodKey;
  from?: string | undefined;
  to?: string | undefined;
  interval?: Interval | undefined;
  comparison: Comparison;
  attribution?: Attribution | undefined;
  filters: Filter[];
  /** The tab shown in a panel, where it is not the first. */
  tabs: Record<string, string>;
}

export const initialView: View = { period: "7d", comparison: "previous", filters: [], tabs: {} };

const filterPrefix = "filter_";
const tabPrefix = "tab_";

function withPrefix(search: URLSearchParams, prefix: string): [string, string][] {
  const found = [...search].filter(([name]) => name.startsWith(prefix));
  return found.map(([name, value]) => [name.slice(prefix.length), value]);
}

const day = (text: string | null) => (text !== null && isDay(text) ? text : undefined);

/** Read a URL; what is missing or wrong in it is as on a first visit. */
export function parseView(search: URLSearchParams): View {
  const period = search.get("period");
  const interval = search.get("interval");
  const comparison = search.get("compare");
  const attribution = search.get("attribution");
  const [from, to] = [day(search.get("from")), day(search.get("to"))];
  const isCustom = period === "custom" && from !== undefined && to !== undefined && from <= to;
  return {
    period: isPeriodKey(period) && (period !== "custom" || isCustom) ? period : initialView.period,
    from: isCustom ? from : undefined,
    to: isCustom ? to : undefined,
    interval: isInterval(interval) ? interval : undefined,
    comparison: isComparison(comparison) ? comparison : initialView.comparison,
    attribution: isAttribution(attribution) ? attribution : undefined,
    filters: withPrefix(search, filterPrefix).flatMap(([name, value]) => parseFilter(name, value) ?? []),
    tabs: Object.fromEntries(withPrefix(search, tabPrefix)),
  };
}

/** The URL's query, without what is as on a first visit; "" when all is. */
export function formatView(view: View): string {
  const search = new URLSearchParams();
  if (view.period !== initialView.period) search.set("period", view.period);
  if (view.period === "custom" && view.from && view.to) {
    search.set("from", view.from);
    search.set("to", view.to);
  }
  if (view.interval) search.set("interval", view.interval);
  if (view.comparison !== initialView.comparison) search.set("compare", view.comparison);
  if (view.attribution) search.set("attribution", view.attribution);
  for (const filter of view.filters) search.append(filterPrefix + filter.name, formatFilter(filter));
  for (const [panel, tab] of Object.entries(view.tabs)) search.set(tabPrefix + panel, tab);
  const text = search.toString();
  return text ? `?${text}` : "";
}
