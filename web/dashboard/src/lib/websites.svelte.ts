// The websites of the one who is signed in, loaded once and shared by the pages.

import { websites, type Role, type Website } from "$lib/api/account";
import { Loader } from "$lib/api/loader.svelte";

class Websites {
  readonly loader = new Loader<Website[]>();

  load = () => this.loader.load(websites);

  find(websiteId: string): Website | undefined {
    return this.loader.data?.find(({ _id }) => _id === websiteId);
  }
}

export const allWebsites = new Websites();

export const canChange = (role: Role) => role !== "viewer";

export const nameOf = ({ name, domain }: Pick<Website, "name" | "domain">) => name || domain;
