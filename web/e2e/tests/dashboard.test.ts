// The dashboard over a month of visits: what it shows, how it is asked, who may do what.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { after, before, test } from "node:test";
import type { BrowserContext, Page } from "playwright-core";
import { assertAccessible, consoleErrors } from "../src/accessible.ts";
import { madeUpHistory } from "../src/history.ts";
import { email, password, type Site } from "../src/installation.ts";
import { eventually } from "../src/wait.ts";
import { startWorld, type World } from "../src/world.ts";

let world: World;
let site: Site;
let context: BrowserContext;

before(async () => {
  world = await startWorld();
  site = await world.server.addSite("shop.example");
  const { lines, buyers } = madeUpHistory("https://shop.example", new Date(), 60, 60);
  await world.server.importEvents(site, lines);
  for (const [index, buyer] of buyers.entries()) await world.server.pay(site, buyer, index);
  context = await world.browser.newContext({ locale: "en-GB", viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  await page.goto(world.server.url);
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Websites" }).waitFor();
  await page.close();
});
after(() => world.end());

async function open(path: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(world.server.url + path);
  return page;
}

const main = () => `/dashboard/${site.websiteId}`;

/** The main page with its numbers there. */
async function openMain(search = ""): Promise<Page> {
  const page = await open(main() + search);
  await page.getByRole("table", { name: "Channel" }).waitFor();
  return page;
}

/** A card's number as it is shown; line 2 is its change. */
const card = async (page: Page, label: string, line = 1) => {
  const text = await page.getByRole("region", { name: "Overview" }).innerText();
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  return lines[lines.indexOf(label) + line];
};

test("the cards agree with the API", async () => {
  const page = await openMain("?period=30d");
  const [overview] = await world.server.report<{ visitors: number }>(site, `/analytics/overview?${await askedRange(page)}`);
  assert.equal(await card(page, "Visitors"), overview?.visitors.toLocaleString("en"));
  await page.close();
});

/** The range that the page asks for when it is loaded again. */
async function askedRange(page: Page): Promise<string> {
  const [request] = await Promise.all([page.waitForRequest("**/analytics/query*"), page.reload()]);
  await page.getByRole("table", { name: "Channel" }).waitFor();
  const { queries } = request.postDataJSON() as { queries: { path: string; params: Record<string, string> }[] };
  const params = queries.find(({ path }) => path === "/analytics/overview")?.params;
  return new URLSearchParams({ startAt: params?.["startAt"] ?? "", endAt: params?.["endAt"] ?? "" }).toString();
}

test("a card says how its number changed since the period before, or does not compare", async () => {
  const page = await openMain("?period=7d");
  const [request] = await Promise.all([page.waitForRequest("**/analytics/query*"), page.reload()]);
  await page.getByRole("table", { name: "Channel" }).waitFor();
  const { queries } = request.postDataJSON() as { queries: { path: string; params: Record<string, string> }[] };
  const [now = 0, then = 0] = await Promise.all(
    queries.filter(({ path }) => path === "/analytics/overview").slice(0, 2).map(async ({ params }) => {
      const { startAt = "", endAt = "" } = params;
      const [row] = await world.server.report<{ visitors: number }>(site, `/analytics/overview?${new URLSearchParams({ startAt, endAt })}`);
      return row?.visitors ?? 0;
    }),
  );
  assert.ok(then > 0, "nothing to compare with");
  const shown = await card(page, "Visitors", 2);
  const percent = Number(shown?.replace("−", "-").replace(/[^\d.-]/g, ""));
  assert.ok(Math.abs(percent - (100 * (now - then)) / then) <= 0.5, `${shown}: ${then} became ${now}`);

  await page.getByRole("button", { name: "Compare with: Previous period" }).click();
  await page.getByRole("menuitem", { name: "No comparison" }).click();
  await page.waitForURL("**compare=none");
  await eventually(async () => assert.equal(await page.getByRole("region", { name: "Overview" }).getByText("%", { exact: false }).filter({ hasText: /^[+−-]/ }).count(), 0));
  await page.close();
});

test("a row filters, and a link shows the same", async () => {
  const page = await openMain("?period=30d");
  const all = await card(page, "Visitors");
  await page.getByRole("table", { name: "Country" }).getByRole("button", { name: "Germany" }).click();
  await page.getByRole("button", { name: "Remove filter: Country is Germany" }).waitFor();
  await eventually(async () => assert.notEqual(await card(page, "Visitors"), all));
  const shared = await openMain(new URL(page.url()).search);
  await eventually(async () => assert.equal(await card(shared, "Visitors"), await card(page, "Visitors")));
  await page.getByRole("button", { name: "Remove filter: Country is Germany" }).click();
  await eventually(async () => assert.equal(await card(page, "Visitors"), all));
  await page.close();
  await shared.close();
});

test("the credit for revenue can go to another session", async () => {
  const page = await openMain("?period=30d");
  await page.getByRole("button", { name: "Attribution of revenue" }).click();
  const [request] = await Promise.all([
    page.waitForRequest((each) => each.url().includes("/analytics/query") && (each.postData() ?? "").includes("first_touch")),
    page.getByRole("menuitem", { name: "First touch" }).click(),
  ]);
  assert.ok(await request.response());
  await page.waitForURL("**attribution=first_touch");
  await page.close();
});

test("keys choose the period, arrows move it", async () => {
  const page = await openMain();
  await page.keyboard.press("m");
  await page.waitForURL("**period=30d");
  await page.keyboard.press("ArrowLeft");
  await page.waitForURL("**period=custom&from=*");
  await page.goBack();
  await page.waitForURL("**period=30d");
  await page.close();
});

test("every tab of every panel has its table", async () => {
  const page = await openMain("?period=30d");
  for (const tab of ["Referrer", "Campaign", "Region", "City", "Entry page", "Hostname", "OS", "Device"]) {
    await page.getByRole("tab", { name: tab, exact: true }).click();
    await page.getByRole("table", { name: tab, exact: true }).waitFor();
  }
  await page.getByRole("tab", { name: "Exit link" }).click();
  await page.getByText("No page views in this period").waitFor();
  await page.close();
});

test("details can be searched and saved", async () => {
  const page = await openMain("?period=30d");
  await page.getByRole("button", { name: "Pages details" }).click();
  const dialog = page.getByRole("dialog", { name: "Page" });
  await dialog.getByRole("table").waitFor();
  await dialog.getByLabel("Search").fill("pricing");
  assert.equal(await dialog.getByRole("row").count(), 2);
  const [download] = await Promise.all([page.waitForEvent("download"), dialog.getByRole("button", { name: "CSV" }).click()]);
  assert.equal(download.suggestedFilename(), "page.csv");
  await assertAccessible(page);
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await page.close();
});

test("a panel loads, and says when there is nothing", async () => {
  const empty = await world.server.addSite("empty.example");
  const page = await context.newPage();
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route("**/analytics/query*", async (route) => {
    await held;
    await route.continue();
  });
  await page.goto(`${world.server.url}/dashboard/${empty.websiteId}`);
  const panel = page.getByRole("region", { name: "System" });
  await panel.getByText("Loading").waitFor({ state: "attached" });
  release();
  await panel.getByText("No visitors in this period").waitFor();
  await page.getByRole("heading", { name: "No events yet" }).waitFor();
  await assertAccessible(page);
  await page.close();
});

test("an error of the server is shown, and trying again helps", async () => {
  const page = await context.newPage();
  await page.route("**/analytics/query*", (route) => route.fulfill({ status: 503, body: "" }));
  await page.goto(world.server.url + main());
  await page.getByText("The server answered 503").first().waitFor();
  await page.unroute("**/analytics/query*");
  await page.getByRole("button", { name: "Try again" }).first().click();
  await page.getByRole("table", { name: "Channel" }).waitFor();
  await page.close();
});

test("a visitor has a page with its journey", async () => {
  const page = await open(`${main()}/visitors?period=30d`);
  await page.getByRole("table").getByRole("link").first().click();
  await page.getByRole("heading", { name: "Journey" }).waitFor();
  await page.getByText("Viewed").first().waitFor();
  await assertAccessible(page);
  await page.close();
});

test("a funnel is made, and its numbers are the API's", async () => {
  const page = await openMain("?period=30d");
  await page.getByRole("button", { name: "New funnel" }).click();
  const dialog = page.getByRole("dialog", { name: "New funnel" });
  await dialog.getByLabel("Name of the funnel").fill("From the first page to an account");
  await dialog.getByLabel("Page").first().fill("/");
  await dialog.getByLabel("A visitor").nth(1).selectOption("Reaches a goal");
  await dialog.getByLabel("Goal").fill("signup");
  await assertAccessible(page);
  await dialog.getByRole("button", { name: "Save funnel" }).click();
  await dialog.waitFor({ state: "detached" });

  const panel = page.getByRole("region", { name: "Funnels" });
  await panel.getByText("came to the end").waitFor();
  const [funnel] = await world.server.report<{ _id: string }>(site, `/admin/websites/${site.websiteId}/funnels`);
  const range = await askedRange(page);
  const answer = await world.server.object<{ totalVisitors: number }>(site, `/analytics/funnels/${funnel?._id}?${range}`);
  assert.ok(answer.totalVisitors > 0);
  await panel.getByText(`of ${answer.totalVisitors.toLocaleString("en")} visitors`).waitFor();
  await page.close();
});

test("a token is made for an agent, shown once, and deleted", async () => {
  const page = await open("/dashboard/settings?tab=api");
  await page.getByRole("button", { name: "Inspect only" }).click();
  await page.getByLabel("Name").fill("Agent");
  await page.getByRole("button", { name: "Create token" }).click();
  const token = (await page.getByRole("region", { name: "The token" }).innerText()).trim();
  assert.match(token, /^dft_[0-9a-f]{48}$/);
  assert.equal(await world.server.status("GET", `/api/v1/analytics/overview?websiteId=${site.websiteId}`, token), 200);
  assert.equal(await world.server.status("POST", `/api/v1/admin/websites`, token), 403);
  await assertAccessible(page);
  await page.getByRole("button", { name: "I have copied it" }).click();
  await page.getByRole("button", { name: "Delete Agent" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText("Agent", { exact: true }).waitFor({ state: "detached" });
  assert.equal(await world.server.status("GET", `/api/v1/analytics/overview?websiteId=${site.websiteId}`, token), 401);
  await page.close();
});

test("settings are saved and written to the audit log", async () => {
  const page = await open(`${main()}/settings/exclusions`);
  await page.getByLabel("Paths").fill("/admin/*");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved").waitFor();
  await page.getByRole("tab", { name: "Audit" }).click();
  await page.getByText("settings.update").first().waitFor();
  await page.close();
});

test("an invited viewer sees numbers but no controls", async () => {
  const owner = await open(`${main()}/settings/team`);
  await owner.getByLabel("E-mail").fill("viewer@example.com");
  await owner.getByRole("button", { name: "Invite" }).click();
  const link = (await owner.getByRole("region", { name: "Invitation link" }).innerText()).trim();
  await owner.close();

  const guest = await world.browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await guest.newPage();
  await page.goto(link);
  await page.getByLabel("Name").fill("Guest");
  await page.getByLabel("Password").fill("another long password");
  await page.getByRole("button", { name: "Create account and join" }).click();
  await page.getByRole("table", { name: "Channel" }).waitFor();
  await page.goto(`${world.server.url}${main()}/settings/general`);
  await page.getByText("Your role (viewer)").waitFor();
  assert.equal(await page.getByRole("button", { name: "Save" }).count(), 0);
  assert.equal(await page.getByRole("tab", { name: "Audit" }).count(), 0);
  await page.getByRole("tab", { name: "Developer" }).click();
  await page.getByRole("heading", { name: "API keys of this website" }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Create key" }).count(), 0);
  await guest.close();
});

test("no page has anything for axe to find, or is too wide for a phone", async () => {
  const paths = [
    "/", "/websites/new", main(), `${main()}?filter_country=is:Germany`, `${main()}/visitors`,
    ...["general", "revenue", "exclusions", "team", "developer", "audit"].map((tab) => `${main()}/settings/${tab}`),
    ...["account", "api", "security", "audit"].map((tab) => `/dashboard/settings?tab=${tab}`),
  ];
  const page = await context.newPage();
  const errors = consoleErrors(page);
  for (const path of paths) {
    await page.goto(world.server.url + path, { waitUntil: "networkidle" });
    await assertAccessible(page);
  }
  assert.deepEqual(errors, []);
  await page.close();
});

test("a picture for the read-me", { skip: !process.env["UPDATE_PICTURES"] }, async () => {
  const page = await openMain("?period=30d");
  await page.locator("svg text").first().waitFor();
  const folder = new URL("../../../docs/images/", import.meta.url);
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: new URL("dashboard.png", folder).pathname });
  await page.close();
});
