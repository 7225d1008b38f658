// What most tests need: the installation, customers' pages, a browser.

import type { Browser } from "playwright-core";
import { launch } from "./browser.ts";
import { Installation, type StartOptions } from "./installation.ts";
import { Pages } from "./pages.ts";

export interface World {
  server: Installation;
  pages: Pages;
  browser: Browser;
  end: () => Promise<void>;
}

export async function startWorld(options: StartOptions = {}): Promise<World> {
  const [server, pages, browser] = await Promise.all([Installation.start(options), Pages.start(), launch()]);
  const end = async () => {
    await browser.close();
    await Promise.all([pages.stop(), server.stop()]);
  };
  return { server, pages, browser, end };
}
