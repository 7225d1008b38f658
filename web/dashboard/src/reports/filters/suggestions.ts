// Where the values of a filter come from, so that one can pick instead of type.

import { ask, type Row } from "$lib/api/analytics";
import type { Params } from "$lib/query/batch";

const sources: Record<string, { path: string; key: string }> = {
  page: { path: "pages", key: "path" },
  entry_page: { path: "entry-pages", key: "path" },
  exit_link: { path: "exit-clicks", key: "url" },
  hostname: { path: "hostnames", key: "hostname" },
  channel: { path: "channels", key: "channel" },
  referrer: { path: "referrers", key: "referrer" },
  country: { path: "countries", key: "country" },
  region: { path: "regions", key: "region" },
  city: { path: "cities", key: "city" },
  device: { path: "devices", key: "device" },
  browser: { path: "browsers", key: "browser" },
  os: { path: "operating-systems", key: "operating_system" },
  goal: { path: "goals", key: "goal" },
};

const fixed: Record<string, string[]> = {
  visitor_type: ["new", "returning"],
  customer: ["true", "false"],
};

const campaignParameters = ["utm_campaign", "utm_source", "utm_medium", "utm_term", "utm_content", "ref", "source", "via"];

const texts = (values: unknown[]) => values.filter((value): value is string => typeof value === "string" && value !== "");

async function campaignValues(websiteId: string, name: string, range: Params, signal: AbortSignal): Promise<string[]> {
  const params = { ...range, fields: `${name},visitors` };
  const { data } = await ask<{ campaign?: Row }[]>(websiteId, { path: "/analytics/campaigns", params }, signal);
  return texts(data.map(({ campaign }) => campaign?.[name]));
}

/** Values seen in the range, most visitors first; none for a filter that takes a number. */
export async function suggestions(websiteId: string, name: string, range: Params, signal: AbortSignal): Promise<string[]> {
  if (fixed[name]) return fixed[name];
  if (campaignParameters.includes(name)) return campaignValues(websiteId, name, range, signal);
  const source = sources[name];
  if (!source) return [];
  const { data } = await ask<Row[]>(websiteId, { path: `/analytics/${source.path}`, params: range }, signal);
  return [...new Set(texts(data.map((row) => row[source.key])))];
}
