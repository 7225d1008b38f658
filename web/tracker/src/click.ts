// Clicks: declared goals, and links that leave.

import { send } from "./event";
import { declared } from "./goal";
import { sessionID, visitorID, withoutIDs } from "./identity";
import { allowedHostnames, domain, isBelow, scope } from "./tag";

const sites = (domain + "," + allowedHostnames).split(/[ ,]+/);

/** Send the goal; carry the ids to the site's other domains; note every other way out. */
export const clicked = (event: Event) => {
  const target = event.target as Element;
  if (!target.closest) return; // the document itself
  const goal = target.closest("[data-fast-goal]");
  const link = target.closest("a");
  if (goal) send("custom", declared(goal, "data-fast-goal", {}));
  if (!link || !/^http/.test(link.protocol) || isBelow(link.hostname, scope)) return;
  if (!sites.some((site) => isBelow(link.hostname, site)))
    send("external_link", { url: link.href, text: link.textContent.trim().slice(0, 255) });
  else if (!COOKIELESS && allowedHostnames) 
    link.search = "?_df_vid=" + visitorID() + "&_df_sid=" + sessionID() + "&" + withoutIDs(link.search).slice(1);
};
