// A program without a browser logs in: a signed-in person approves it on a page.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { assertAccessible } from "../src/accessible.ts";
import { email, password } from "../src/installation.ts";
import { startWorld, type World } from "../src/world.ts";

let world: World;
before(async () => (world = await startWorld()));
after(() => world.end());

interface Started {
  device_code: string;
  user_code: string;
  verification_uri: string;
  verification_uri_complete: string;
}

async function post(path: string, body: unknown): Promise<{ data?: Record<string, unknown>; error?: { reason?: string } }> {
  const headers = { "Content-Type": "application/json" };
  const response = await fetch(world.server.url + path, { method: "POST", headers, body: JSON.stringify(body) });
  return (await response.json()) as { data?: Record<string, unknown>; error?: { reason?: string } };
}

const start = async () => (await post("/api/cli/device", { program: "datafast on build-7" })).data as unknown as Started;
const fetchToken = (started: Started) => post("/api/cli/device/token", { device_code: started.device_code });

/** The page of a login, signed in on the way. */
async function open(url: string): Promise<Page> {
  const page = await (await world.browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
  await page.goto(url);
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Log a program in" }).waitFor();
  return page;
}

test("a program gets the permissions and websites that the person chose", async () => {
  const started = await start();
  assert.equal((await fetchToken(started)).error?.reason, "authorization_pending");
  const page = await open(started.verification_uri_complete);
  await page.getByRole("button", { name: "Continue" }).click();
  const approval = page.getByRole("region", { name: "Approval" });
  await approval.getByText(started.user_code).waitFor();
  await approval.getByText("datafast on build-7 at 127.0.0.1").waitFor();
  await assertAccessible(page);
  await approval.getByRole("button", { name: "None" }).click();
  assert.equal(await approval.getByRole("button", { name: "Approve" }).isDisabled(), true);
  await approval.getByLabel("analytics:read").check();
  await approval.getByLabel("Only these").check();
  await approval.getByLabel("first.test").check();
  await approval.getByRole("button", { name: "Approve" }).click();
  await page.getByText("The program has its token in a moment").waitFor();
  await page.context().close();

  const { data } = await fetchToken(started);
  const websiteId = world.server.first?.websiteId ?? "";
  assert.deepEqual([data?.["permissions"], data?.["websiteIds"]], [["analytics:read"], [websiteId]]);
  const token = String(data?.["token"]);
  assert.equal(await world.server.status("GET", `/api/v1/analytics/overview?websiteId=${websiteId}`, token), 200);
  assert.equal(await world.server.status("GET", `/api/v1/admin/websites/${websiteId}`, token), 403);
  assert.equal((await fetchToken(started)).error?.reason, "expired_token");
});

test("a program that is denied gets none, and an unknown code says so", async () => {
  const started = await start();
  const page = await open(started.verification_uri);
  await page.getByLabel("Code that the program shows").fill("bcdf ghjk");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("alert").getByText("No program waits with this code").waitFor();
  await assertAccessible(page);
  await page.getByLabel("Code that the program shows").fill(started.user_code.toLowerCase());
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("button", { name: "Deny" }).click();
  await page.getByText("The program was turned away").waitFor();
  await page.context().close();
  assert.equal((await fetchToken(started)).error?.reason, "access_denied");
});
