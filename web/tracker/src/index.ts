// The tracker: takes the place of the page's stub, and starts unless something forbids it.

import { clicked } from "./click";
import { send, track, type PageAPI } from "./event";
import { rewatchScrollGoals, watchScrollGoals } from "./goal";
import { adoptIDs } from "./identity";
import { isComplete, isOn, isTracked, page } from "./tag";

let shown: string;
let timer: number;

/** A page view for every page that the site's own code shows. */
const show = () => {
  const path = HASH ? page.pathname + page.hash : page.pathname;
  if (shown === path) return;
  shown = path;
  rewatchScrollGoals();
  send("pageview");
};

const moved = () => {
  clearTimeout(timer);
  timer = setTimeout(show, 100);
};

const earlier: Partial<PageAPI> = window.datafast || {};
if (!earlier._v) {
  window.datafast = track;
  track._v = 1;
  if (isTracked) {
    if (!COOKIELESS) adoptIDs();
    const pushState = history.pushState;
    history.pushState = (...entry) => {
      pushState.apply(history, entry);
      moved();
    };
    addEventListener("popstate", moved);
    if (HASH) addEventListener("hashchange", moved);
    addEventListener("load", watchScrollGoals);
    addEventListener("click", clicked, true);
    show();
    for (const call of earlier.q || []) track.apply(null, call);
  } else if (!isComplete && !isOn("disableConsole")) console.warn("datafast: tag");
}
