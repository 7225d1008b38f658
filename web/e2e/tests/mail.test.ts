// Links that arrive by mail, clicked by the one who got them. Needs mailpit in the PATH.

import { after, before, test } from "node:test";
import { visitorWindow } from "../src/browser.ts";
import { email, password } from "../src/installation.ts";
import { Mailbox } from "../src/mailbox.ts";
import { html, scriptTag } from "../src/pages.ts";
import { startWorld, type World } from "../src/world.ts";

let mailbox: Mailbox;
let world: World;

before(async () => {
  mailbox = await Mailbox.start();
  world = await startWorld({ smtpURL: mailbox.smtpURL });
});
after(async () => {
  await world.end();
  await mailbox.stop();
});

test("an invitation is mailed and its link joins the team", async () => {
  const site = await world.server.addSite("team.test");
  const owner = await (await world.browser.newContext()).newPage();
  await owner.goto(`${world.server.url}/dashboard/${site.websiteId}/settings/team`);
  await owner.getByLabel("E-mail").fill(email);
  await owner.getByLabel("Password").fill(password);
  await owner.getByRole("button", { name: "Sign in" }).click();
  await owner.getByRole("heading", { name: "Invitations" }).waitFor();
  await owner.getByLabel("E-mail").fill("member@example.com");
  await owner.getByLabel("Role", { exact: true }).selectOption("Member");
  await owner.getByRole("button", { name: "Invite" }).click();
  await owner.getByText("The invitation is on its way").waitFor();

  const guest = await (await world.browser.newContext()).newPage();
  await guest.goto(await mailbox.link("member@example.com", "invites you"));
  await guest.getByLabel("Name").fill("Member");
  await guest.getByLabel("Password").fill("a member's password");
  await guest.getByRole("button", { name: "Create account and join" }).click();
  await guest.getByRole("heading", { name: "No events yet" }).waitFor();
  await owner.reload();
  await owner.getByText("member@example.com").waitFor();
});

test("an alert is mailed and its link shows the visitor's journey", async () => {
  const site = await world.server.addSite("alert.test");
  await world.server.addAlert(site, { name: "New account", goalName: "signup", message: "Somebody signed up." });
  const tag = scriptTag(world.server.url, site.trackingId, "alert.test");
  const origin = world.pages.host("alert.test", () => ({ body: html(tag, '<button data-fast-goal="signup">Sign up</button>') }));
  const visitor = await (await visitorWindow(world.browser)).newPage();
  await visitor.goto(`${origin}/pricing`);
  await visitor.getByRole("button", { name: "Sign up" }).click();

  const owner = await (await world.browser.newContext()).newPage();
  await owner.goto(await mailbox.link(email, "New account on alert.test"));
  await owner.getByLabel("E-mail").fill(email);
  await owner.getByLabel("Password").fill(password);
  await owner.getByRole("button", { name: "Sign in" }).click();
  await owner.getByRole("heading", { name: "Journey" }).waitFor();
  await owner.getByText("/pricing").first().waitFor();
  await owner.getByText("signup").first().waitFor();
});

test("a forgotten password is replaced through the mailed link", async () => {
  const page = await (await world.browser.newContext()).newPage();
  await page.goto(`${world.server.url}/sign-in`);
  await page.getByLabel("E-mail").fill(email);
  await page.getByRole("button", { name: "Forgot the password?" }).click();
  await page.getByText("a link is on its way").waitFor();
  await page.goto(await mailbox.link(email, "new password"));
  await page.getByLabel("New password").fill("quite another password");
  await page.getByRole("button", { name: "Save password" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
});
