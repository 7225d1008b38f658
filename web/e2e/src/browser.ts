// A real browser that is not taken for an automated one.

import { chromium, type Browser, type BrowserContext } from "playwright-core";

const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const userAgent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--disable-blink-features=AutomationControlled",
      "--host-resolver-rules=MAP *.test 127.0.0.1",
    ],
  });

/** A visitor's window: no cookies yet. */
export const visitorWindow = (browser: Browser): Promise<BrowserContext> =>
  browser.newContext({ userAgent, locale: "en-GB", viewport: { width: 1280, height: 720 } });
