// Bounded waits.

import { setTimeout as sleep } from "node:timers/promises";

const limitMS = 15_000;
const stepMS = 100;

/** Repeat a check until it stops throwing; its last error when the time is up. */
export async function eventually<T>(check: () => Promise<T>): Promise<T> {
  const end = Date.now() + limitMS;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
      await sleep(stepMS);
    }
  }
}
