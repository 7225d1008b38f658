// What every page of the dashboard must be: free of axe's findings, narrow enough for a
// small phone, in both colour schemes, without errors in the console.

import assert from "node:assert/strict";
import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright-core";

const wide = { width: 1280, height: 900 };
const narrow = { width: 360, height: 740 };
const looks = [
  { colorScheme: "light", size: wide },
  { colorScheme: "dark", size: narrow },
] as const;

export async function assertAccessible(page: Page): Promise<void> {
  for (const { colorScheme, size } of looks) {
    await page.locator('[aria-busy="true"]').first().waitFor({ state: "detached" }); // what is asked anew is shown faded
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.setViewportSize(size);
    const where = `${page.url()} ${colorScheme} ${size.width}`;
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(overflow <= 0, `${where} is ${overflow} pixels too wide`);
    const { violations } = await new AxeBuilder({ page }).analyze();
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
    assert.deepEqual(found, [], where);
  }
  await page.setViewportSize(wide);
  await page.emulateMedia({ colorScheme: "light" });
}

/** Errors of the page from now on; read them at its end. */
export function consoleErrors(page: Page): string[] {
  const errors: string[] = [];
  page.on("pageerror", ({ message }) => errors.push(message));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(`${message.text()} (${message.location().url})`);
  });
  return errors;
}
