// Who is here: the ids of visitor and session, and where they are kept.

import { cookieAttributes, page } from "./tag";

const halfHour = 1800;
const year = 31536000;

const template = "10000000-1000-4000-8000-100000000000";
const form = template.replace(/[01]/g, "[\\da-f]").replace("8", "[89ab]");

/** An array of one number counts as that number. */
const randomByte = () => crypto.getRandomValues(new Uint8Array(1)) as unknown as number;

/** A random UUID, version 4; crypto.randomUUID is missing on plain http. */
export const uuid = () =>
  template.replace(/[018]/g, (digit) =>
    (+digit ^ (randomByte() & (15 >> (+digit / 4)))).toString(16),
  );

/**
 * The value behind a name among the cookies, or in a URL, if it has the form; else "".
 * unescape, unlike its successor, does not throw at what others wrote.
 */
export const find = (name: string, form: string, text = document.cookie) =>
  unescape((text.match(name + "=(" + form + ")") || ["", ""])[1] as string);

const writeCookie = (name: string, value: string | number, seconds: number) => {
  document.cookie = name + "=" + value + cookieAttributes + seconds;
  return value;
};

const identify = (name: string, prefix: string, seconds: number) =>
  writeCookie(name, find(name, prefix + form) || prefix + uuid(), seconds) as string;

/** A value of this tab; undefined where storage is blocked. */
const keep = (name: string, value?: string | number): string | undefined => {
  try {
    if (value) sessionStorage[name] = value;
    return sessionStorage[name];
  } catch (e) {}
};

/** The visitor's id; in cookieless mode the one that the server returned, if it already did. */
export const visitorID = (returned?: string) =>
  COOKIELESS ? keep("datafast_visitor_id", returned) : identify("datafast_visitor_id", "", year);

export const sessionID = () => {
  if (!COOKIELESS) {
    writeCookie("datafast_session_start", Date.now(), halfHour);
    return identify("datafast_session_id", "s", halfHour);
  }
  const now = Date.now();
  const isOpen = now - Number(keep("datafast_session_start")) < halfHour * 1000;
  const id = (isOpen && keep("datafast_session_id")) || "s" + uuid();
  keep("datafast_session_start", now);
  keep("datafast_session_id", id);
  return id;
};

/** A URL's text without the parameters that carry ids between domains. */
export const withoutIDs = (text: string) => text.replace(/\b_df_\w+=[^&#]*&?/g, "");

/** Take over the ids of a link from another domain, and clean the address bar. */
export const adoptIDs = () => {
  const href = page.href;
  const visitor = find("_df_vid", form, href);
  const session = find("_df_sid", "s" + form, href);
  if (visitor && session) {
    writeCookie("datafast_visitor_id", visitor, year);
    writeCookie("datafast_session_id", session, halfHour);
    history.replaceState(history.state, "", withoutIDs(href).replace(/[?&](#|$)/, "$1"));
  }
};
