// From nothing to a number: the first account, a website, its tag on a page, a visit, and
// the same number in the dashboard and through the API.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { assertAccessible, consoleErrors } from "../src/accessible.ts";
import { visitorWindow } from "../src/browser.ts";
import { html } from "../src/pages.ts";
import { eventually } from "../src/wait.ts";
import { startWorld, type World } from "../src/world.ts";

const run = promisify(execFile);

let world: World;
before(async () => (world = await startWorld({ isEmpty: true })));
after(() => world.end());

/** The command of a shell as its arguments: single words and text in double quotes. */
const words = (command: string) => [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? "");

test("first link, account, website, tag, visit, number", async () => {
  const context = await world.browser.newContext({ locale: "en-GB", timezoneId: "Europe/Berlin" });
  const page = await context.newPage();
  const errors = consoleErrors(page);

  await page.goto(world.server.printedLink("setup"));
  await assertAccessible(page);
  await page.getByLabel("Name").fill("Owner");
  await page.getByLabel("E-mail").fill("owner@example.com");
  await page.getByLabel("Password").fill("a long enough password");
  await page.getByRole("button", { name: "Create account" }).click();

  await page.getByRole("heading", { name: "Add a website" }).waitFor();
  assert.equal(await page.getByLabel("Time zone").inputValue(), "Europe/Berlin");
  await page.getByLabel("Domain").fill("tour.test");
  await page.getByRole("button", { name: "Add website" }).click();
  await page.getByText("Waiting for the first event").waitFor();
  await assertAccessible(page);
  const tag = await page.getByRole("region", { name: "Script tag" }).innerText();
  const curl = await page.getByRole("region", { name: "Ask from a terminal" }).innerText();

  const origin = world.pages.host("tour.test", () => ({ body: html(tag, "Hello") }));
  const visitor = await (await visitorWindow(world.browser)).newPage();
  await visitor.goto(`${origin}/hello`);
  await page.getByText("The first event has arrived").waitFor();

  const [program = "", ...args] = words(curl);
  const { stdout } = await run(program, ["-s", ...args]);
  const answer = JSON.parse(stdout) as { data: { visitors: number }[] };
  assert.equal(answer.data[0]?.visitors, 1);

  await page.getByRole("link", { name: "Open the dashboard" }).click();
  const overview = page.getByRole("region", { name: "Overview" });
  await eventually(async () => assert.match(await overview.innerText(), /Visitors\s+1\s/));
  await page.getByRole("button", { name: "/hello" }).click();
  await page.getByRole("button", { name: "Remove filter: Page is /hello" }).waitFor();

  const shared = await context.newPage();
  await shared.goto(page.url());
  await shared.getByRole("button", { name: "Remove filter: Page is /hello" }).waitFor();
  assert.deepEqual(errors, []);
});

test("a host that is not the website's is shown to its owner", async () => {
  const context = await world.browser.newContext();
  const page = await context.newPage();
  await page.goto(`${world.server.url}/`);
  await page.getByLabel("E-mail").fill("owner@example.com");
  await page.getByLabel("Password").fill("a long enough password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("link", { name: "Add a website" }).first().click();
  await page.getByLabel("Domain").fill("mine.test");
  await page.getByRole("button", { name: "Add website" }).click();
  const tag = await page.getByRole("region", { name: "Script tag" }).innerText();

  const origin = world.pages.host("staging.example.test", () => ({ body: html(tag, "") }));
  const visitor = await (await visitorWindow(world.browser)).newPage();
  await visitor.goto(`${origin}/`);
  await page.getByText("staging.example.test").waitFor();
  await page.getByText("Waiting for the first event").waitFor();
});
