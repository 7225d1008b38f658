// The script tag on real pages, in a real browser, against the real server.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Page as Window, Request } from "playwright-core";
import { visitorWindow } from "../src/browser.ts";
import { html, scriptTag } from "../src/pages.ts";
import { freePort } from "../src/port.ts";
import { eventually } from "../src/wait.ts";
import { startWorld, type World } from "../src/world.ts";

let world: World;
before(async () => (world = await startWorld()));
after(() => world.end());

const types = (events: { type: string }[]) => events.map(({ type }) => type);
const path = ({ href }: { href: string }) => new URL(href).pathname;

/** The website's events once there are that many. */
const stored = (site: Parameters<typeof world.server.events>[0], count: number) =>
  eventually(async () => {
    const events = await world.server.events(site);
    assert.equal(events.length, count, JSON.stringify(events));
    return events;
  });

/** Events of a window that the server has not answered yet. */
const unanswered = new WeakMap<Window, Set<Request>>();

async function openWindow(): Promise<Window> {
  const context = await visitorWindow(world.browser);
  const page = await context.newPage();
  const failures: string[] = [];
  page.on("pageerror", (error) => failures.push(error.message));
  page.on("close", () => assert.deepEqual(failures, []));
  const waiting = new Set<Request>();
  unanswered.set(page, waiting);
  page.on("request", (request) => request.url().endsWith("/api/events") && waiting.add(request));
  page.on("response", (response) => waiting.delete(response.request()));
  page.on("requestfailed", (request) => waiting.delete(request));
  return page;
}

/** Wait until the page's events have been answered; what the script delays is sent within 100 ms. */
async function sent(page: Window): Promise<void> {
  await page.waitForTimeout(200);
  await eventually(async () => assert.equal(unanswered.get(page)?.size, 0));
}

test("a visit to a site of three pages", async () => {
  const site = await world.server.addSite("shop.test");
  const tag = scriptTag(world.server.url, site.trackingId, "shop.test");
  const links = '<a href="/">Home</a> <a href="/pricing?utm_source=news">Pricing</a> <a href="/about">About</a>';
  const origin = world.pages.host("shop.test", () => ({ body: html(tag, links) }));
  const page = await openWindow();

  await page.goto(`${origin}/`);
  await page.getByRole("link", { name: "Pricing" }).click();
  await page.waitForURL("**/pricing*");
  await sent(page);
  await page.getByRole("link", { name: "About" }).click();
  await page.waitForURL("**/about");
  await sent(page);
  await page.reload();
  await sent(page);

  const events = await stored(site, 3);
  assert.deepEqual(events.map(path), ["/", "/pricing", "/about"]);
  assert.equal(new Set(events.map(({ visitorId }) => visitorId)).size, 1);
  const [overview] = await world.server.report(site, "/analytics/overview?fields=visitors,sessions,pageviews");
  assert.deepEqual(overview, { visitors: 1, sessions: 1, pageviews: 3 });
  const rows = await world.server.report<{ path: string; visitors: number }>(site, "/analytics/pages");
  assert.deepEqual(new Map(rows.map(({ path, visitors }) => [path, visitors])), new Map([["/", 1], ["/about", 1], ["/pricing", 1]]));
  await page.close();
});

test("a single-page application counts paths, with the hash build fragments too", async () => {
  for (const [domain, script, expected] of [
    ["spa.test", "script.js", ["/", "/a", "/b"]],
    ["hash.test", "script.hash.js", ["/", "/a", "/b", "/b"]],
  ] as const) {
    const site = await world.server.addSite(domain);
    const tag = scriptTag(world.server.url, site.trackingId, domain, "", script);
    const origin = world.pages.host(domain, () => ({ body: html(tag, "") }));
    const page = await openWindow();
    await page.goto(`${origin}/`);
    await sent(page);
    for (const url of ["/a", "/b", "/b?tab=2"]) {
      await page.evaluate((to) => history.pushState({}, "", to), url);
      await page.waitForTimeout(150);
    }
    await page.evaluate(() => (location.hash = "#x"));
    await page.waitForTimeout(150);
    await page.evaluate(() => history.replaceState({}, "", "/c"));
    await sent(page);
    assert.deepEqual((await stored(site, expected.length)).map(path), expected);
    await page.close();
  }
});

test("a link to another domain of the site keeps visitor and session, and a clean address", async () => {
  const site = await world.server.addSite("one.test", { allowedHostnames: ["two.test"] });
  const more = 'data-allowed-hostnames="one.test, two.test"';
  const tag = scriptTag(world.server.url, site.trackingId, "one.test", more);
  const two = world.pages.host("two.test", () => ({ body: html(tag, "two") }));
  const one = world.pages.host("one.test", () => ({ body: html(tag, `<a href="${two}/in?plan=pro#top">Go</a>`) }));
  const page = await openWindow();

  await page.goto(`${one}/`);
  await sent(page);
  await page.getByRole("link", { name: "Go" }).click();
  await page.waitForURL("**/in?plan=pro#top");
  await sent(page);

  const events = await stored(site, 2);
  assert.equal(new Set(events.map(({ visitorId }) => visitorId)).size, 1);
  const [overview] = await world.server.report(site, "/analytics/overview?fields=visitors,sessions");
  assert.deepEqual(overview, { visitors: 1, sessions: 1 });
  assert.equal(page.url(), `${two}/in?plan=pro#top`);
  await page.close();
});

test("an outbound link is noted without holding up the way out", async () => {
  const site = await world.server.addSite("out.test");
  const elsewhere = world.pages.host("elsewhere.test", () => ({ body: html("", "elsewhere") }));
  const tag = scriptTag(world.server.url, site.trackingId, "out.test");
  const origin = world.pages.host("out.test", () => ({ body: html(tag, `<a href="${elsewhere}/x?y=1">Leave</a>`) }));
  const page = await openWindow();
  await page.goto(`${origin}/`);
  await page.getByRole("link", { name: "Leave" }).click();
  await page.waitForURL("**/x?y=1");

  assert.deepEqual(types(await stored(site, 2)), ["pageview", "external_link"]);
  const [row] = await world.server.report(site, "/analytics/exit-clicks");
  assert.deepEqual(row, { url: `${elsewhere}/x?y=1`, visitors: 1, clicks: 1 });
  await page.close();
});

test("declared goals fire on click and on sight", async () => {
  const site = await world.server.addSite("goals.test");
  const body = `
    <button data-fast-goal="buy" data-fast-goal-plan-type="pro"><b>Buy</b></button>
    <div style="height: 3000px"></div>
    <p data-fast-scroll="read_all" data-fast-scroll-delay="50" data-fast-scroll-part="end">The end</p>`;
  const tag = scriptTag(world.server.url, site.trackingId, "goals.test");
  const origin = world.pages.host("goals.test", () => ({ body: html(tag, body) }));
  const page = await openWindow();
  await page.goto(`${origin}/`);
  await sent(page);
  await page.getByText("Buy").click();
  await page.getByText("The end").scrollIntoViewIfNeeded();
  await stored(site, 3);
  await page.evaluate(() => scrollTo(0, 0));
  await page.getByText("The end").scrollIntoViewIfNeeded();
  await page.waitForTimeout(300);

  const events = await stored(site, 3);
  const extra = events.slice(1).map(({ extraData }) => extraData);
  assert.deepEqual(extra[0], { eventName: "buy", plan_type: "pro" });
  assert.deepEqual(extra[1], { eventName: "read_all", part: "end", delay: "50", threshold: "0.5", scroll_percentage: "100" });
  const goals = await world.server.report(site, "/analytics/goals");
  assert.deepEqual(goals.map(({ goal, completions }) => [goal, completions]).toSorted(), [["buy", 1], ["read_all", 1]]);
  await page.close();
});

test("the cookieless build leaves no cookie and is one visitor", async () => {
  const site = await world.server.addSite("nocookie.test");
  const tag = scriptTag(world.server.url, site.trackingId, "nocookie.test", "", "script.cookieless.js");
  const origin = world.pages.host("nocookie.test", () => ({ body: html(tag, '<a href="/b">B</a>') }));
  const page = await openWindow();
  await page.goto(`${origin}/a`);
  await page.waitForFunction(() => (window as { datafast?: { visitorId?: string } }).datafast?.visitorId);
  await page.getByRole("link", { name: "B" }).click();
  await page.waitForURL("**/b");
  await sent(page);

  assert.deepEqual(await page.context().cookies(), []);
  const events = await stored(site, 2);
  const known = await page.evaluate(() => (window as { datafast?: { visitorId?: string } }).datafast?.visitorId);
  assert.deepEqual(new Set(events.map(({ visitorId }) => visitorId)), new Set([known]));
  await page.close();
});

test("calls of the stub made before the script are kept", async () => {
  const site = await world.server.addSite("stub.test");
  const stub = `<script>
    window.datafast = function () { (window.datafast.q = window.datafast.q || []).push(arguments) };
    datafast("first"); datafast("identify", { user_id: "u_81", name: "Ada" }); datafast("second");
  </script>`;
  const tag = scriptTag(world.server.url, site.trackingId, "stub.test");
  const origin = world.pages.host("stub.test", () => ({ body: html(stub + tag, "") }));
  const page = await openWindow();
  await page.goto(`${origin}/`);
  await sent(page);

  const events = await stored(site, 4);
  assert.deepEqual(types(events).toSorted(), ["custom", "custom", "identify", "pageview"]);
  await page.close();
});

test("through the customer's own domain, on paths of other names", async () => {
  const site = await world.server.addSite("proxied.test");
  const { url } = world.server;
  world.pages.forward("proxied.test", "/stats/t.js", `${url}/js/script.js`, "8.8.8.8");
  world.pages.forward("proxied.test", "/stats/e", `${url}/api/events`, "8.8.8.8");
  const tag = `<script defer data-website-id="${site.trackingId}" data-domain="proxied.test" data-api-url="/stats/e" src="/stats/t.js"></script>`;
  const origin = world.pages.host("proxied.test", () => ({ body: html(tag, "") }));
  const page = await openWindow();
  const [request] = await Promise.all([page.waitForRequest("**/stats/e"), page.goto(`${origin}/`)]);
  assert.equal(request.headers()["content-type"], "application/json");
  await stored(site, 1);
  const [country] = await world.server.report(site, "/analytics/countries");
  assert.equal(country?.["country"], "United States of America");
  await page.close();
});

test("localhost counts only when the tag says so", async () => {
  const site = await world.server.addSite("dev.test");
  const body = (more: string) => html(scriptTag(world.server.url, site.trackingId, "dev.test", more), "");
  const origin = world.pages.host("127.0.0.1", ({ pathname }) => ({ body: body(pathname === "/on" ? 'data-allow-localhost="true"' : "") }));
  const page = await openWindow();
  await page.goto(`${origin}/off`);
  await sent(page);
  await page.goto(`${origin}/on`);
  assert.deepEqual((await stored(site, 1)).map(path), ["/on"]);
  await page.close();
});

test("a page inside a frame is not counted", async () => {
  const site = await world.server.addSite("framed.test");
  const tag = scriptTag(world.server.url, site.trackingId, "framed.test");
  const origin = world.pages.host("framed.test", ({ pathname }) => ({
    body: pathname === "/" ? html(tag, '<iframe src="/inner" title="Inner"></iframe>') : html(tag, "inner"),
  }));
  const page = await openWindow();
  await page.goto(`${origin}/`);
  await page.frameLocator("iframe").getByText("inner").waitFor();
  await sent(page);
  assert.deepEqual((await stored(site, 1)).map(path), ["/"]);
  await page.close();
});

test("an unreachable server does the page no harm", async () => {
  const nobody = `http://127.0.0.1:${await freePort()}`;
  const tag = scriptTag(world.server.url, "dfid_8KqW2mZr4TnB5xYc7LdVp", "blocked.test", `data-api-url="${nobody}/api/events"`);
  const origin = world.pages.host("blocked.test", () => ({ body: html(tag, '<button onclick="datafast(`x`); this.textContent = `done`">Go</button>') }));
  const page = await openWindow();
  await page.goto(`${origin}/`);
  await page.getByRole("button").click();
  assert.equal(await page.getByRole("button").textContent(), "done");
  await page.close();
});

test("a page with a strict content security policy", async () => {
  const site = await world.server.addSite("strict.test");
  const tag = scriptTag(world.server.url, site.trackingId, "strict.test");
  const policy = `default-src 'none'; script-src ${world.server.url}; connect-src ${world.server.url}`;
  const origin = world.pages.host("strict.test", () => ({
    body: html(tag, ""),
    headers: { "Content-Security-Policy": policy },
  }));
  const page = await openWindow();
  const refused: string[] = [];
  page.on("console", (message) => message.type() === "error" && refused.push(message.text()));
  await page.goto(`${origin}/`);
  await sent(page);
  await stored(site, 1);
  assert.deepEqual(refused.filter((text) => text.includes("Content Security Policy")), []);
  await page.close();
});

test("who opted out is not counted", async () => {
  const site = await world.server.addSite("optout.test");
  const tag = scriptTag(world.server.url, site.trackingId, "optout.test");
  const origin = world.pages.host("optout.test", () => ({ body: html(tag, "") }));
  const page = await openWindow();
  await page.addInitScript(() => localStorage.setItem("datafast_ignore", "true"));
  await page.goto(`${origin}/`);
  await sent(page);
  await page.evaluate(() => localStorage.removeItem("datafast_ignore"));
  await page.evaluate(() => (window as unknown as { datafast: (name: string) => void }).datafast("back"));
  assert.deepEqual(types(await stored(site, 1)), ["custom"]);
  await page.close();
});

test("a thousand calls at once neither freeze the page nor pass the limit", async () => {
  const site = await world.server.addSite("burst.test");
  const tag = scriptTag(world.server.url, site.trackingId, "burst.test");
  const origin = world.pages.host("burst.test", () => ({ body: html(tag, "") }));
  const page = await openWindow();
  await page.goto(`${origin}/`);
  await sent(page);
  const tookMS = await page.evaluate(() => {
    const start = performance.now();
    const { datafast } = window as unknown as { datafast: (name: string) => void };
    for (let index = 0; index < 1000; index++) datafast(`goal_${index}`);
    return performance.now() - start;
  });
  assert.ok(tookMS < 8000, `${tookMS} ms`);
  const count = await eventually(async () => {
    const { length } = await world.server.events(site);
    assert.ok(length > 1);
    return length;
  });
  assert.ok(count <= 200, `${count} events were stored`);
  await page.close();
});
