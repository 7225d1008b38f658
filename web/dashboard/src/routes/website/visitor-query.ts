// The visitors list has filter parameters of its own: names without prefix, values only.

import type { Params } from "$lib/query/batch";
import type { Filter } from "$lib/query/filter";

const names: Record<string, string> = {
  page: "visitedPage",
  goal: "completedGoal",
  customer: "isCustomer",
  country: "country",
  region: "region",
  city: "city",
  browser: "browser",
  os: "os",
  device: "device",
  referrer: "referrer",
  hostname: "hostname",
  utm_source: "utm_source",
  utm_medium: "utm_medium",
  utm_campaign: "utm_campaign",
  utm_term: "utm_term",
  utm_content: "utm_content",
  ref: "ref",
  source: "source",
  via: "via",
};

function parameter({ name, operator }: Filter): string | undefined {
  if (operator === "contains" && name === "page") return "visitedPageContains";
  return operator === "is" ? names[name] : undefined;
}

/** The parameters for the filters that the list knows, and the filters it does not. */
export function visitorParams(filters: Filter[]): { params: Params; ignored: Filter[] } {
  const params: Record<string, string> = {};
  const ignored: Filter[] = [];
  for (const filter of filters) {
    const name = parameter(filter);
    if (name && !params[name]) params[name] = filter.values.join(",");
    else ignored.push(filter);
  }
  return { params, ignored };
}
