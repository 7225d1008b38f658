// The script tag: what it says, read once, and how this page stands to it.

const script: { dataset: DOMStringMap; src?: string } =
  (document.currentScript as HTMLScriptElement | null) ||
  document.querySelector<HTMLScriptElement>("script[data-website-id]") || { dataset: {} };

const tag = script.dataset;
export const { websiteId, domain, apiUrl, allowedHostnames } = tag;

/** Whether an attribute is exactly "true". */
export const isOn = (attribute: string) => tag[attribute] === "true";

export const page = location;
const hostname = page.hostname;
/** This machine: one of its names, or a file, which has no host. */
const isLocal = /^$|^127\.|^\[::1|(^|\.)local(host)?$/.test(hostname);

/** The tag names its website. */
export const isComplete = websiteId && domain;

/** Nothing speaks against tracking: no bot, no place that the tag does not allow. */
export const isTracked =
  isComplete &&
  !navigator.webdriver &&
  !/headless/i.test(navigator.userAgent) &&
  (!isLocal || isOn(hostname ? "allowLocalhost" : "allowFileProtocol")) &&
  (self === parent || isOn("debug"));

/** Whether a host is the given one or lies below it. */
export const isBelow = (host: string, name?: string) => ("." + host).endsWith("." + name);

/** What this page's cookies cover: the site's domain, or on a foreign host that host. */
export const scope = isBelow(hostname, domain) ? domain : hostname;

/** What follows each cookie's value; the seconds of its life come last. */
export const cookieAttributes =
  (isLocal ? "" : ";domain=." + scope) +
  (page.protocol === "https:" ? ";Secure" : "") +
  ";path=/;SameSite=Lax;max-age=";

const isUsable = /^(https?:\/)?\/./.test(apiUrl as string);

/** Where events go: the tag's URL, a path counting from this page's host, else beside the script. */
export const eventsURL = new URL((isUsable ? apiUrl : script.src) as string, page.href);
if (!isUsable || !eventsURL.pathname[1]) eventsURL.pathname = "api/events";
