// Something that a person asked for: busy meanwhile, and what went wrong afterwards.

import { messageOf } from "$lib/api/client";

export class Action {
  isBusy = $state(false);
  error = $state("");

  /** Do it; true when it worked. */
  async run(work: () => Promise<unknown>): Promise<boolean> {
    if (this.isBusy) return false;
    this.isBusy = true;
    this.error = "";
    try {
      await work();
      return true;
    } catch (error) {
      this.error = messageOf(error);
      return false;
    } finally {
      this.isBusy = false;
    }
  }
}
