// An account and what protects it: password, second factor, sign-ins.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { assertAccessible } from "../src/accessible.ts";
import { email, password } from "../src/installation.ts";
import { totp } from "../src/totp.ts";
import { eventually } from "../src/wait.ts";
import { startWorld, type World } from "../src/world.ts";

let world: World;
before(async () => (world = await startWorld()));
after(() => world.end());

const newPassword = "a password that is new";

/** The sign-in page of another browser, filled in. */
async function signIn(secret: string): Promise<Page> {
  const page = await (await world.browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
  await page.goto(`${world.server.url}/dashboard/settings?tab=security`);
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(secret);
  await page.getByRole("button", { name: "Sign in" }).click();
  return page;
}

test("after sign-in one is where one wanted to be", async () => {
  const page = await signIn(password);
  await page.getByRole("heading", { name: "Second factor" }).waitFor();
  await page.context().close();
});

test("a wrong password is refused with a reason", async () => {
  const page = await signIn("not the password");
  await page.getByRole("alert").waitFor();
  await assertAccessible(page);
  await page.context().close();
});

test("a forgotten password is replaced through the link", async () => {
  const page = await (await world.browser.newContext()).newPage();
  await page.goto(`${world.server.url}/sign-in`);
  await page.getByLabel("E-mail").fill(email);
  await page.getByRole("button", { name: "Forgot the password?" }).click();
  await page.getByText("the link is in the server's log").waitFor();
  await page.goto(await eventually(async () => world.server.printedLink("reset")));
  await assertAccessible(page);
  await page.getByLabel("New password").fill(newPassword);
  await page.getByRole("button", { name: "Save password" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.context().close();

  const again = await signIn(newPassword);
  await again.getByRole("heading", { name: "Second factor" }).waitFor();
  await again.context().close();
});

test("signing out everywhere ends the sign-ins of other browsers", async () => {
  const [here, there] = await Promise.all([signIn(newPassword), signIn(newPassword)]);
  await Promise.all([here, there].map((page) => page.getByRole("heading", { name: "Second factor" }).waitFor()));
  await here.getByRole("button", { name: "Sign out everywhere" }).click();
  await here.getByRole("heading", { name: "Sign in" }).waitFor();
  await there.getByRole("tab", { name: "Account", exact: true }).click();
  await there.getByRole("heading", { name: "Sign in" }).waitFor();
  await Promise.all([here, there].map((page) => page.context().close()));
});

test("a second factor is asked for once it is set up", async () => {
  const page = await signIn(newPassword);
  const factor = page.getByRole("region", { name: "Second factor" });
  await factor.getByLabel("Password").fill(newPassword);
  await factor.getByRole("button", { name: "Set up" }).click();
  await factor.getByRole("img", { name: "Enrolment code" }).waitFor();
  const secret = (await factor.getByRole("region", { name: "Secret" }).innerText()).trim();
  await assertAccessible(page);
  await factor.getByLabel("Code that the app shows").fill(totp(secret));
  await factor.getByRole("button", { name: "Switch on" }).click();
  const codes = (await factor.getByRole("region", { name: "Recovery codes" }).innerText()).trim().split("\n");
  assert.equal(codes.length, 10);
  await factor.getByText("10 recovery codes are left").waitFor();
  await page.context().close();

  const again = await signIn(newPassword);
  await again.getByLabel("Code").fill(codes[0] ?? "");
  await again.getByRole("button", { name: "Sign in" }).click();
  await again.getByText("9 recovery codes are left").waitFor();
  await again.context().close();
});
