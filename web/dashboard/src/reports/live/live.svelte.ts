// The number of live visitors, asked again every few seconds while the page is seen.

import { liveVisitors } from "$lib/api/analytics";

const everyMS = 10_000;

export class LiveCount {
  count = $state<number>();

  /** Ask now and then on; returns how to stop. */
  watch(websiteId: string): () => void {
    const controller = new AbortController();
    const ask = async () => {
      if (document.visibilityState === "hidden") return;
      try {
        this.count = await liveVisitors(websiteId, controller.signal);
      } catch {
        if (!controller.signal.aborted) this.count = undefined;
      }
    };
    void ask();
    const timer = setInterval(ask, everyMS);
    return () => {
      clearInterval(timer);
      controller.abort();
    };
  }
}
