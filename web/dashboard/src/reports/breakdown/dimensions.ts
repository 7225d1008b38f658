// The panels of the main page and the dimension behind each of their tabs.

import type { Row } from "$lib/api/analytics";
import type { Params } from "$lib/query/batch";

export interface Dimension {
  id: string;
  label: string;
  /** Below /api/v1. */
  path: string;
  params?: Params;
  /** The filter that a click on a row sets; none where the API has none. */
  filter: string;
  /** The number that rows are ordered and drawn by. */
  metric: "visitors" | "completions";
  metricLabel: string;
  value: (row: Row) => string;
  /** What one has to know about its revenue. */
  note?: string;
  /** Shown before the value. */
  image?: (row: Row) => string | undefined;
}

export interface PanelKind {
  id: string;
  title: string;
  empty: string;
  dimensions: readonly Dimension[];
}

const text = (value: unknown) => (typeof value === "string" ? value : "");

function breakdown(id: string, label: string, path: string, key: string, more: Partial<Dimension> = {}): Dimension {
  return {
    id,
    label,
    path: `/analytics/${path}`,
    filter: id,
    metric: "visitors",
    metricLabel: "Visitors",
    value: (row) => text(row[key]),
    ...more,
  };
}

const campaignKey = (row: Row, key: string) => {
  const campaign = row["campaign"];
  return typeof campaign === "object" && campaign !== null ? text((campaign as Row)[key]) : "";
};

/** Sessions grouped by one of the URL parameters that mark a campaign. */
const campaign = (key: string, label: string) =>
  breakdown(key, label, "campaigns", key, {
    params: { fields: `${key},visitors,revenue,payments` },
    value: (row) => campaignKey(row, key),
  });

export const campaignDimensions = [
  campaign("utm_campaign", "utm_campaign"),
  campaign("utm_source", "utm_source"),
  campaign("utm_medium", "utm_medium"),
  campaign("utm_term", "utm_term"),
  campaign("utm_content", "utm_content"),
  campaign("ref", "ref"),
  campaign("source", "source"),
  campaign("via", "via"),
] as const;

/** The API names an absolute URL; here the same file is a path, so that no other host is asked. */
function flag(row: Row): string | undefined {
  const file = text(row["image"]).match(/\/flags\/[\w-]+\.svg$/);
  return file?.[0];
}

const everyPageNote = "A payment stands at every one viewed in its session: rows can add up to more than the total.";

export const panelKinds: readonly PanelKind[] = [
  {
    id: "source",
    title: "Source",
    empty: "No visitors in this period",
    dimensions: [
      breakdown("channel", "Channel", "channels", "channel"),
      breakdown("referrer", "Referrer", "referrers", "referrer"),
      { ...campaignDimensions[0], label: "Campaign" },
    ],
  },
  {
    id: "location",
    title: "Location",
    empty: "No visitors in this period",
    dimensions: [
      breakdown("country", "Country", "countries", "country", { image: flag }),
      breakdown("region", "Region", "regions", "region"),
      breakdown("city", "City", "cities", "city"),
    ],
  },
  {
    id: "pages",
    title: "Pages",
    empty: "No page views in this period",
    dimensions: [
      breakdown("page", "Page", "pages", "path", { note: everyPageNote }),
      breakdown("entry_page", "Entry page", "entry-pages", "path"),
      breakdown("hostname", "Hostname", "hostnames", "hostname", { note: everyPageNote }),
      breakdown("exit_link", "Exit link", "exit-clicks", "url"),
    ],
  },
  {
    id: "system",
    title: "System",
    empty: "No visitors in this period",
    dimensions: [
      breakdown("browser", "Browser", "browsers", "browser"),
      breakdown("os", "OS", "operating-systems", "operating_system"),
      breakdown("device", "Device", "devices", "device"),
    ],
  },
  {
    id: "goals",
    title: "Goals",
    empty: "No goals in this period. Send one with datafast(\"signup\") or data-fast-goal=\"signup\".",
    dimensions: [breakdown("goal", "Goal", "goals", "goal", { metric: "completions", metricLabel: "Completions" })],
  },
];
