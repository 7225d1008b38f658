// Who may see and change what, through the pages: tokens, keys, the team, the audit log.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Locator, Page } from "playwright-core";
import { assertAccessible } from "../src/accessible.ts";
import { email, password, type Site } from "../src/installation.ts";
import { eventually } from "../src/wait.ts";
import { startWorld, type World } from "../src/world.ts";

let world: World;
let site: Site;

before(async () => {
  world = await startWorld();
  site = await world.server.addSite("shop.example");
});
after(() => world.end());

const settings = (tab: string) => `/dashboard/${site.websiteId}/settings/${tab}`;

/** A page in a browser of its own, signed in. */
async function open(path: string, as = email, secret = password, origin = world.server.url): Promise<Page> {
  const page = await (await world.browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
  await page.goto(origin + path);
  await page.getByLabel("E-mail").fill(as);
  await page.getByLabel("Password").fill(secret);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Sign in" }).waitFor({ state: "detached" });
  return page;
}

/** The text of a box to copy from. */
const boxText = async (page: Page, label: string) =>
  (await page.getByRole("region", { name: label, exact: true }).innerText()).trim();

const button = (place: Page | Locator, name: string) => place.getByRole("button", { name });

/** Somebody new on the team of the website, by invitation. */
async function join(address: string, role: "Viewer" | "Member"): Promise<void> {
  const owner = await open(settings("team"));
  await owner.getByLabel("E-mail").fill(address);
  await owner.getByLabel("Role", { exact: true }).selectOption(role);
  await button(owner, "Invite").click();
  const link = await boxText(owner, "Invitation link, good for 7 days");
  await owner.context().close();
  const guest = await (await world.browser.newContext()).newPage();
  await guest.goto(link);
  await guest.getByLabel("Name").fill(role);
  await guest.getByLabel("Password").fill(password);
  await button(guest, "Create account and join").click();
  await guest.getByRole("heading", { name: "No events yet" }).waitFor();
  await guest.context().close();
}

test("a token for growth workflows on one website does just that", async () => {
  const other = await world.server.addSite("other.example");
  const page = await open("/dashboard/settings?tab=api");
  await button(page, "Growth workflows").click();
  await page.getByText("create, change and delete funnels").waitFor();
  assert.ok(await page.getByLabel("funnels:read").isDisabled(), "funnels:write includes funnels:read");
  await page.getByLabel("Name").fill("Growth agent");
  await page.getByLabel("Only these").check();
  assert.ok(await button(page, "Create token").isDisabled(), "no website is chosen yet");
  await page.getByLabel("shop.example").check();
  await page.getByLabel("Expires").selectOption("In 30 days");
  await button(page, "Create token").click();
  const token = await boxText(page, "The token");
  const row = page.getByRole("listitem").filter({ hasText: "Growth agent" });
  await row.getByText("on shop.example").waitFor();
  await row.getByText("expires").waitFor();

  const status = (method: string, path: string) => world.server.status(method, `/api/v1${path}`, token);
  assert.equal(await status("GET", `/admin/websites/${site.websiteId}/alerts`), 200);
  assert.equal(await status("GET", `/admin/websites/${other.websiteId}/alerts`), 403);
  assert.equal(await status("GET", `/admin/websites/${site.websiteId}/team`), 403);
  assert.equal(await status("POST", "/admin/access-tokens"), 403);
  assert.equal(await status("PUT", `/admin/websites/${other.websiteId}`), 403);

  await button(page, "I have copied it").click();
  assert.ok(!(await page.content()).includes(token), "the value is shown once");
  await button(row, "Roll").click();
  await page.getByRole("dialog").getByLabel("The old value shall").selectOption("Work for one more hour");
  await page.getByRole("dialog").getByRole("button", { name: "Roll" }).click();
  const rolled = await boxText(page, "The token");
  assert.notEqual(rolled, token);
  assert.equal(await status("GET", `/admin/websites/${site.websiteId}/alerts`), 200);
  await button(row, "Delete").click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await row.waitFor({ state: "detached" });
  assert.equal(await status("GET", `/admin/websites/${site.websiteId}/alerts`), 401);
  await page.context().close();
});

test("a website key is made with an end, and works at once", async () => {
  const page = await open(settings("developer"));
  await page.getByText("whoever may make one acts as a member").waitFor();
  await page.getByLabel("Name of the new key").fill("Backend");
  await page.getByLabel("Expires").selectOption("In a year");
  await button(page, "Create key").click();
  const key = await boxText(page, "The key");
  assert.match(key, /^df_[0-9a-f]{48}$/);
  assert.equal(await world.server.status("GET", "/api/v1/analytics/overview", key), 200);
  await page.getByRole("listitem").filter({ hasText: "Backend" }).getByText("expires").waitFor();
  assert.equal(await boxText(page, "Website id, for the API"), site.websiteId);
  await page.context().close();
});

test("what is shown once can be copied where the page came over plain http", async () => {
  const origin = `http://stats.test:${world.server.port}`;
  const page = await open("/dashboard/settings?tab=api", email, password, origin);
  assert.ok(await page.evaluate(() => !isSecureContext));
  await button(page, "Inspect only").click();
  await page.getByLabel("Name").fill("Copied");
  await button(page, "Create token").click();
  const token = await boxText(page, "The token");
  await button(page, "Copy The token").click();
  await page.getByText("Copied", { exact: true }).first().waitFor();
  await page.getByLabel("Name").fill("");
  await page.getByLabel("Name").press("Control+V");
  assert.equal(await page.getByLabel("Name").inputValue(), token);
  await page.context().close();
});

test("the KPI stands beside the cards in the colour that was chosen", async () => {
  const page = await open(settings("general"));
  await page.getByLabel("KPI goal").selectOption("payment");
  await page.getByLabel("Colour of the KPI").selectOption("teal");
  await button(page, "Save").click();
  await page.getByText("Saved").waitFor();
  await page.goto(`${world.server.url}/dashboard/${site.websiteId}`);
  const card = page.getByRole("region", { name: "Overview" }).getByText("Goal: payment");
  assert.equal(await card.locator("span").evaluate((dot) => getComputedStyle(dot).backgroundColor), "rgb(20, 184, 166)");
  await page.context().close();
});

test("attack mode is told of for as long as it is on", async () => {
  const page = await open(settings("exclusions"));
  const told = page.getByText("Attack mode is on");
  const set = async (isOn: boolean) => {
    await page.goto(world.server.url + settings("exclusions"));
    await page.getByLabel("Attack mode").setChecked(isOn);
    await button(page, "Save").click();
    await page.getByText("Saved").waitFor();
    await page.goto(`${world.server.url}/dashboard/${site.websiteId}`);
    await page.getByRole("heading", { name: "Funnels" }).waitFor();
  };
  await set(true);
  await told.waitFor();
  await assertAccessible(page);
  await set(false);
  await page.waitForLoadState("networkidle");
  assert.equal(await told.count(), 0);
  await page.context().close();
});

test("a viewer is shown no control that would be refused", async () => {
  await join("viewer@example.com", "Viewer");
  const page = await open(`/dashboard/${site.websiteId}`, "viewer@example.com");
  await page.getByRole("heading", { name: "Funnels" }).waitFor();
  const none = async (...names: string[]) => {
    for (const name of names) assert.equal(await button(page, name).count(), 0, `${page.url()} offers ${name}`);
  };
  await none("New funnel", "Change");
  for (const tab of ["general", "revenue", "exclusions"]) {
    await page.goto(world.server.url + settings(tab));
    await page.getByText("Your role (viewer)").waitFor();
    await none("Save", "Delete website");
    assert.equal(await page.getByRole("main").getByRole("textbox", { disabled: false }).count(), 0, `${tab} can be typed into`);
  }
  await page.goto(world.server.url + settings("team"));
  await page.getByText("viewer@example.com").waitFor();
  await none("Invite", "Make owner", "Remove");
  await page.goto(world.server.url + settings("developer"));
  await page.getByText("Backend").waitFor();
  await none("Create key", "Roll", "Delete");
  await page.goto(world.server.url + settings("audit"));
  await page.getByText("Your role (viewer)").waitFor();
  assert.equal(await page.getByRole("tab", { name: "Audit" }).count(), 0);
  await assertAccessible(page);
  await page.context().close();
});

test("the owner raises, hands over and is a member then; the log tells who did what", async () => {
  await join("member@example.com", "Member");
  const page = await open(settings("team"));
  await page.getByLabel("Role of Viewer").selectOption("Member");
  const raised = await open(settings("general"), "viewer@example.com");
  await button(raised, "Save").waitFor();
  await raised.context().close();

  const member = page.getByRole("listitem").filter({ hasText: "member@example.com" });
  await button(member, "Make owner").click();
  await page.getByRole("dialog").getByRole("button", { name: "Hand over" }).click();
  await page.getByRole("heading", { name: "Invitations" }).waitFor({ state: "detached" });
  assert.equal(await page.getByRole("tab", { name: "Audit" }).count(), 0);
  await page.context().close();

  const next = await open(settings("audit"), "member@example.com");
  const change = next.getByRole("listitem").filter({ hasText: "role.change" }).filter({ hasText: "member@example.com" });
  await change.getByText(email).or(change.getByText("127.0.0.1")).first().waitFor();
  await change.getByText("What changed").click();
  await change.getByText('{"role":"member"}').waitFor();
  await change.getByText('{"role":"owner"}').waitFor();
  await next.context().close();
});

test("one sign-in is ended from another", async () => {
  const [here, there] = [await open("/dashboard/settings?tab=security"), await open("/dashboard/settings?tab=security")];
  await here.reload();
  const sessions = here.getByRole("region", { name: "Sign-ins" });
  await sessions.getByText("This browser").waitFor();
  const before = await sessions.getByRole("listitem").count();
  await button(sessions, "End the sign-in").first().click();
  await eventually(async () => assert.equal(await sessions.getByRole("listitem").count(), before - 1));
  await there.reload();
  await button(there, "Sign in").waitFor();
  await Promise.all([here, there].map((page) => page.context().close()));
});
