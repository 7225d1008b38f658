// Whether somebody is signed in, and the way to sign-in and back.

import { onSignedOut } from "$lib/api/client";
import { Loader } from "$lib/api/loader.svelte";
import { appState, signOut, type AppState } from "$lib/api/sign-in";
import { router } from "$lib/router.svelte";

class Session {
  readonly loader = new Loader<AppState>();

  constructor() {
    onSignedOut(() => {
      const state = this.loader.data;
      if (state?.signedIn) this.loader.set({ ...state, signedIn: false });
    });
  }

  load = () => this.loader.load(appState);

  get isSignedIn(): boolean {
    return this.loader.data?.signedIn ?? false;
  }

  get hasMail(): boolean {
    return this.loader.data?.mail ?? false;
  }

  /** After a sign-in: show a page of one's own. */
  async enter(url: string): Promise<void> {
    await this.load();
    router.go(url, { replace: true });
  }

  /** Forget everything that was shown. */
  async leave(): Promise<void> {
    await signOut();
    location.assign("/sign-in");
  }
}

export const session = new Session();
