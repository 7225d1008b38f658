// One event: who, where and what, sent so that neither the page nor its end is held up.

import { find, sessionID, uuid, visitorID } from "./identity";
import { domain, eventsURL, isOn, isTracked, page, websiteId } from "./tag";

export type Properties = Record<string, unknown>;

export interface PageAPI {
  (name?: unknown, properties?: Properties): void;
  visitorId?: string | undefined;
  _v?: number;
  q?: Iterable<Parameters<PageAPI>>;
}

declare global {
  interface Window {
    datafast?: PageAPI;
  }
  interface Document {
    prerendering?: boolean;
  }
}

const post = (body: string, retries?: number) => {
  fetch(eventsURL as unknown as string, {
    method: "POST",
    body,
    keepalive: true,
    headers: eventsURL.origin === page.origin ? { "Content-Type": "application/json" } : {},
  })
    .then((answer) => {
      if (answer.status > 499) throw 0;
      if (COOKIELESS) answer.json().then((data) => (track.visitorId = visitorID(data.visitorId)), () => {});
    })
    .catch(() => retries && setTimeout(post, 5000, body));
};

/**
 * Send an event: later when the page is only being prerendered, never when the visitor opted
 * out, and not when it is this page's view and was sent less than a minute ago.
 */
export const send = (type: string, extraData?: Properties) => {
  if (document.prerendering)
    return document.addEventListener("prerenderingchange", () => send(type, extraData));
  const href = page.href;
  try {
    if (localStorage.datafast_ignore === "true") return;
    if (type === "pageview") {
      const time = Date.now();
      const last = JSON.parse(sessionStorage.datafast_pageview_state || "{}");
      if (last.url === href && time - last.time < 60000) return (track.visitorId = visitorID()); // sent before
      sessionStorage.datafast_pageview_state = JSON.stringify({ time, url: href });
    }
  } catch (e) {} // storage is blocked: nobody opted out, nothing is known to repeat
  try {
    post(
      JSON.stringify({
        websiteId,
        domain,
        type,
        href,
        referrer: document.referrer,
        viewport: { width: innerWidth, height: innerHeight },
        visitorId: COOKIELESS ? (track.visitorId = visitorID()) || uuid() : (track.visitorId = visitorID()),
        sessionId: sessionID(),
        ...(COOKIELESS
          ? { cookieless: true }
          : {
              visitorFirstSeenAt: find("datafast_visitor_first_seen_at", "[^;]+") || undefined,
              visitorSessionNumber: +find("datafast_visitor_session_count", "\\d+"),
            }),
        ...(HASH ? { hash: true } : {}),
        noPay: isOn("disablePayments"),
        extraData,
      }),
      1,
    );
  } catch (e) {}
};

/** The page's own calls: a goal, or one of the two names that mean something else. */
export const track: PageAPI = (name, properties) => {
  if (!isTracked) return;
  if (name === "identify" || name === "payment") send(name, properties);
  else if (name) send("custom", { ...properties, eventName: name });
};
