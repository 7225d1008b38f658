// What a website's owner copies.

import type { Website } from "$lib/api/account";

const attribute = (text: string) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");

/** The script tag; the tracker's domain has no www. */
export const snippet = ({ trackingId, domain }: Pick<Website, "trackingId" | "domain">, origin: string) =>
  `<script defer data-website-id="${attribute(trackingId)}" data-domain="${attribute(domain.replace(/^www\./, ""))}"\n` +
  `        src="${attribute(origin)}/js/script.js"></script>`;

/** A question to the API that the website's own key answers. */
export const curlLine = (key: string, origin: string) =>
  `curl -H "Authorization: Bearer ${key}" "${origin}/api/v1/analytics/overview"`;
