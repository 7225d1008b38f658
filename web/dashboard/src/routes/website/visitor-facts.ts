// What is known of a visitor, as lines of a label and a text.

import type { DetailProfile, VisitorDetail } from "$lib/api/schema";

interface Fact {
  label: string;
  value: string;
}

const joined = (parts: (string | null | undefined)[]) => parts.filter(Boolean).join(", ");
const asText = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

function profileFacts(profile: DetailProfile | undefined): Fact[] {
  if (!profile) return [];
  const metadata = Object.entries(profile.metadata ?? {}).map(([label, value]) => ({ label, value: asText(value) }));
  return [{ label: "User id", value: profile.userId }, ...metadata];
}

/** Without those that are unknown. */
export function facts({ visitorId, identity, profile }: VisitorDetail): Fact[] {
  const { browser, os, device, params, viewport } = identity;
  const parameters = Object.entries(params).map(([label, value]) => ({ label, value: asText(value ?? "") }));
  const all = [
    { label: "Visitor id", value: visitorId },
    ...profileFacts(profile),
    { label: "Place", value: joined([identity.city, identity.region, identity.country]) },
    { label: "Browser", value: [browser.name, browser.version].filter(Boolean).join(" ") },
    { label: "OS", value: [os.name, os.version].filter(Boolean).join(" ") },
    { label: "Device", value: device.type ?? "" },
    { label: "Viewport", value: viewport ? `${viewport.width} × ${viewport.height}` : "" },
    ...parameters,
  ];
  return all.filter(({ value }) => value !== "");
}
