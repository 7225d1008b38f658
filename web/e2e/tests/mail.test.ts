// Links that arrive by mail, clicked by the one who got them. Needs mailpit in the PATH.

import { after, before, test } from "node:test";
import { email, password } from "../src/installation.ts";
import { Mailbox } from "../src/mailbox.ts";
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
  await guest.goto(await mailbox.link("member@example.com", "invite"));
  await guest.getByLabel("Name").fill("Member");
  await guest.getByLabel("Password").fill("a member's password");
  await guest.getByRole("button", { name: "Create account and join" }).click();
  await guest.getByRole("heading", { name: "No events yet" }).waitFor();
  await owner.reload();
  await owner.getByText("member@example.com").waitFor();
});

test("a forgotten password is replaced through the mailed link", async () => {
  const page = await (await world.browser.newContext()).newPage();
  await page.goto(`${world.server.url}/sign-in`);
  await page.getByLabel("E-mail").fill(email);
  await page.getByRole("button", { name: "Forgot the password?" }).click();
  await page.getByText("a link is on its way").waitFor();
  await page.goto(await mailbox.link(email, "reset"));
  await page.getByLabel("New password").fill("quite another password");
  await page.getByRole("button", { name: "Save password" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
});
