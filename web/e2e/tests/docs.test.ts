// The docs in a browser: the website selector, search, the playground, and that every kind of
// page is accessible.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { assertAccessible, consoleErrors } from "../src/accessible.ts";
import { email, password } from "../src/installation.ts";
import { eventually } from "../src/wait.ts";
import { startWorld, type World } from "../src/world.ts";

let world: World;
before(async () => (world = await startWorld()));
after(() => world.end());

async function open(path: string): Promise<Page> {
  const page = await (await world.browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
  await page.goto(world.server.url + path);
  return page;
}

async function signedIn(path: string): Promise<Page> {
  const page = await open("/sign-in");
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor({ state: "detached" });
  await page.goto(world.server.url + path);
  return page;
}

test("every kind of page is accessible, loads nothing from elsewhere and says nothing in the console", async () => {
  for (const path of ["/docs", "/docs/authentication", "/docs/install/nextjs", "/docs/api", "/docs/api/get-overview", "/docs/access-matrix", "/docs/search?q=funnel"]) {
    const page = await (await world.browser.newContext()).newPage();
    const elsewhere: string[] = [];
    page.on("request", (request) => {
      if (!request.url().startsWith(world.server.url)) elsewhere.push(request.url());
    });
    const errors = consoleErrors(page);
    await page.goto(world.server.url + path);
    await assertAccessible(page);
    assert.deepEqual(elsewhere, []);
    assert.deepEqual(errors, []);
    await page.context().close();
  }
});

test("search finds a page by a word", async () => {
  const page = await open("/docs");
  await page.getByRole("searchbox", { name: "Search the docs" }).fill("funnel steps");
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByRole("status").filter({ hasText: "funnel steps" }).waitFor();
  await page.getByRole("main").getByRole("link", { name: /^Funnels/ }).first().click();
  await page.getByRole("heading", { level: 1, name: "Funnels" }).waitFor();
  await page.context().close();
});

test("without an account examples keep their placeholders", async () => {
  const page = await open("/docs/goals");
  await page.getByText("$WEBSITE_ID").first().waitFor();
  assert.equal(await page.getByLabel("Website").isVisible(), false);
  await page.context().close();
});

test("the selector fills the examples with the chosen website", async () => {
  const other = await world.server.addSite("second.test");
  const page = await signedIn("/docs/getting-started");
  const select = page.getByLabel("Website");
  await select.selectOption("second.test");
  await page.getByRole("main").getByText(other.websiteId).first().waitFor();
  await page.getByRole("main").getByText(other.trackingId).first().waitFor();
  await select.selectOption("first.test");
  await page.getByRole("main").getByText(world.server.first?.websiteId ?? "").first().waitFor();
  await page.goto(`${world.server.url}/docs/goals`);
  await page.getByRole("main").getByText(world.server.first?.websiteId ?? "").first().waitFor();
  await assertAccessible(page);
  await page.context().close();
});

test("the playground runs a call with a key made for the website, and deletes it", async () => {
  const page = await signedIn("/docs/api/playground?operation=getOverview");
  await page.getByRole("button", { name: /^Make a key for/ }).click();
  await page.getByText(/made for/).waitFor();
  const key = await page.getByLabel(/^Token or key/).inputValue();
  assert.match(key, /^df_[0-9a-f]{48}$/);
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText(/^200 in/).waitFor();
  await page.getByText('"visitors": 0').waitFor();
  await assertAccessible(page);
  await page.getByRole("button", { name: "Delete that key" }).click();
  await page.getByText("The key is deleted.").waitFor();
  assert.equal(await world.server.status("GET", "/api/v1/analytics/overview", key), 401);

  await page.getByRole("button", { name: /^Make a key for/ }).click();
  await page.getByText(/made for/).waitFor();
  const left = await page.getByLabel(/^Token or key/).inputValue();
  await page.goto(`${world.server.url}/docs`);
  await eventually(async () => assert.equal(await world.server.status("GET", "/api/v1/analytics/overview", left), 401));
  await page.context().close();
});

test("the playground takes a pasted token and keeps it nowhere", async () => {
  const token = world.server.first?.accountToken ?? "";
  const page = await open("/docs/api/playground");
  await page.getByLabel("Operation").selectOption("getAccount");
  await page.getByLabel(/^Token or key/).fill(token);
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText(email).waitFor();
  const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href]));
  assert.ok(!stored.includes(token));
  await page.reload();
  assert.equal(await page.getByLabel(/^Token or key/).inputValue(), "");
  await page.context().close();
});
