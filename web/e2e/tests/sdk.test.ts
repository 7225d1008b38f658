// The published npm clients, unmodified, pointed at us.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { trackAICrawlerRequest } from "@datafast/ai-crawl";
import { build } from "esbuild";
import type { BrowserContext, Page as Window } from "playwright-core";
import { visitorWindow } from "../src/browser.ts";
import type { Site } from "../src/installation.ts";
import { html } from "../src/pages.ts";
import { Proxy, type Mishap } from "../src/proxy.ts";
import { eventually } from "../src/wait.ts";
import { startWorld, type World } from "../src/world.ts";

/** The client's part that the tests call; the page has it as window.client. */
interface Client {
  trackPageview(path?: string): Promise<void>;
  track(name: string, properties?: Record<string, string | number | boolean>): Promise<void>;
  identify(userId: string, properties?: Record<string, unknown>): Promise<void>;
  trackPayment(payment: Record<string, unknown>): Promise<void>;
  trackExternalLink(url: string, text?: string): Promise<void>;
  reset(): Promise<void>;
  flush(): Promise<void>;
  optOut(): Promise<void>;
  optIn(): Promise<void>;
  getVisitorId(): string | null;
  buildCrossDomainUrl(url: string): string;
}

type ClientPage = Window & { use: <T>(call: (client: Client) => Promise<T> | T) => Promise<T> };

let world: World;
let bundle: string;

before(async () => {
  const result = await build({
    stdin: { contents: 'import { initDataFast } from "datafast"; window.initDataFast = initDataFast;', resolveDir: "." },
    bundle: true,
    write: false,
    format: "iife",
  });
  bundle = result.outputFiles[0]?.text ?? "";
  world = await startWorld();
});
after(() => world.end());

/** A page of the host with the client, started with the settings and its events going to a URL. */
async function openClient(context: BrowserContext, url: string, settings: Record<string, unknown>): Promise<ClientPage> {
  const page = await context.newPage();
  await page.goto(url);
  await page.evaluate(async (given) => {
    const window_ = window as unknown as { initDataFast: (settings: unknown) => Promise<Client>; client: Client };
    window_.client = await window_.initDataFast(given);
  }, settings);
  const use = <T>(call: (client: Client) => Promise<T> | T): Promise<T> =>
    page.evaluate(`(${call.toString()})(window.client)`) as Promise<T>;
  return Object.assign(page, { use });
}

const host = (domain: string) =>
  world.pages.host(domain, ({ pathname }) =>
    pathname === "/client.js" ? { body: bundle, type: "text/javascript" } : { body: html('<script src="/client.js"></script>', "") },
  );

const stored = (site: Site, count: number) =>
  eventually(async () => {
    const events = await world.server.events(site);
    assert.equal(events.length, count, JSON.stringify(events));
    return events;
  });

const settingsOf = (site: Site, domain: string, server = world.server.url) => ({
  websiteId: site.trackingId,
  domain,
  apiUrl: `${server}/api/events`,
  flushInterval: 600_000, // the tests say when
});

test("every event type arrives", async () => {
  const site = await world.server.addSite("sdk.test");
  const page = await openClient(await visitorWindow(world.browser), `${host("sdk.test")}/pricing?utm_source=news`, settingsOf(site, "sdk.test"));
  await page.use(async (client) => {
    await client.trackPageview();
    await client.trackPageview();
    await client.track("Signup_Done", { plan: "pro", seats: 3 });
    await client.identify("user_1", { name: "Ada", plan: "pro" });
    await client.trackPayment({ email: "ada@example.com", amount: 29, currency: "USD" });
    await client.trackExternalLink("https://partner.test/?from=shop", "Our partner");
    await client.flush();
  });

  const events = await stored(site, 5);
  assert.deepEqual(events.map(({ type }) => type), ["pageview", "custom", "identify", "payment", "external_link"]);
  const known = await page.use((client) => client.getVisitorId());
  const [overview] = await eventually(async () => {
    const rows = await world.server.report(site, "/analytics/overview?fields=visitors,sessions,pageviews");
    assert.deepEqual(rows, [{ visitors: 1, sessions: 1, pageviews: 1 }]);
    return rows;
  });
  assert.ok(overview);
  const goals = await world.server.report(site, "/analytics/goals");
  assert.deepEqual(goals, [{ goal: "signup_done", completions: 1, visitors: 1 }]);
  const clicks = await world.server.report(site, "/analytics/exit-clicks");
  assert.deepEqual(clicks, [{ url: "https://partner.test/?from=shop", visitors: 1, clicks: 1 }]);
  const visitor = await world.server.object<{ profile?: { userId: string }; activity: { pageViewCount: number } }>(site, `/visitors/${known}`);
  assert.equal(visitor.profile?.userId, "user_1");
  assert.equal(visitor.activity.pageViewCount, 1);
  await page.context().close();
});

test("a link of the client is not an event of its own, and its parameters join two domains", async () => {
  const site = await world.server.addSite("sdkone.test", { allowedHostnames: ["sdktwo.test"] });
  const context = await visitorWindow(world.browser);
  const settings = { ...settingsOf(site, "sdkone.test"), allowedHostnames: ["sdktwo.test"] };
  const one = await openClient(context, `${host("sdkone.test")}/`, settings);
  await one.use(async (client) => {
    await client.trackPageview();
    await client.flush();
  });
  const target = await one.evaluate(
    (url) => (window as unknown as { client: Client }).client.buildCrossDomainUrl(url),
    `${host("sdktwo.test")}/in?plan=pro`,
  );
  const two = await openClient(context, target, { ...settings, domain: "sdktwo.test" });
  await two.use(async (client) => {
    await client.trackPageview();
    await client.flush();
  });

  const events = await stored(site, 2);
  assert.equal(new Set(events.map(({ visitorId }) => visitorId)).size, 1);
  assert.equal(events.some(({ href }) => href.includes("_df_")), false);
  await context.close();
});

test("who opts out sends nothing, and is counted again after opting in", async () => {
  const site = await world.server.addSite("sdkout.test");
  const context = await visitorWindow(world.browser);
  const origin = host("sdkout.test");
  const page = await openClient(context, `${origin}/`, settingsOf(site, "sdkout.test"));
  await page.use(async (client) => {
    await client.trackPageview();
    await client.flush();
    await client.optOut();
    await client.track("while_out");
    await client.flush();
    await client.optIn(); // it starts again with the next page
  });
  const next = await openClient(context, `${origin}/next`, settingsOf(site, "sdkout.test"));
  await next.use(async (client) => {
    await client.trackPageview();
    await client.flush();
  });
  const events = await stored(site, 2);
  assert.deepEqual(events.map(({ type }) => type), ["pageview", "pageview"]);
  await context.close();
});

test("after reset it is another visitor", async () => {
  const site = await world.server.addSite("sdkreset.test");
  const page = await openClient(await visitorWindow(world.browser), `${host("sdkreset.test")}/`, settingsOf(site, "sdkreset.test"));
  await page.use(async (client) => {
    await client.trackPageview();
    await client.flush();
    await client.reset();
    await client.trackPageview("/after");
    await client.flush();
  });
  const events = await stored(site, 2);
  assert.equal(new Set(events.map(({ visitorId }) => visitorId)).size, 2);
  await page.context().close();
});

test("without cookies it takes the id that the server returns", async () => {
  const site = await world.server.addSite("sdkless.test");
  const context = await visitorWindow(world.browser);
  const page = await openClient(context, `${host("sdkless.test")}/`, { ...settingsOf(site, "sdkless.test"), cookieless: true });
  await page.use(async (client) => {
    await client.trackPageview();
    await client.flush();
  });
  const [event] = await stored(site, 1);
  assert.equal(await page.use((client) => client.getVisitorId()), event?.visitorId);
  assert.equal(await page.evaluate(() => (window as { datafast?: { visitorId?: string } }).datafast?.visitorId), event?.visitorId);
  assert.deepEqual(await context.cookies(), []);
  await context.close();
});

/** Send one page view through a proxy that fails, flushing until it is through. */
async function sendThrough(domain: string, mishap: (body: string, count: number) => Mishap, flushes: number) {
  const site = await world.server.addSite(domain);
  const proxy = await Proxy.start(world.server.port, mishap);
  const page = await openClient(await visitorWindow(world.browser), `${host(domain)}/`, settingsOf(site, domain, proxy.url));
  await page.use((client) => client.trackPageview());
  for (let index = 0; index < flushes; index++) await page.use((client) => client.flush());
  const events = await stored(site, 1);
  await page.context().close();
  await proxy.stop();
  return { events, posted: proxy.posted.length };
}

test("an answer 500, twice, gives one row", async () => {
  const { events, posted } = await sendThrough("sdk500.test", (_body, count) => (count <= 2 ? "answer 500" : undefined), 3);
  assert.equal(events.length, 1);
  assert.equal(posted, 3);
});

test("an answer lost after storing gives one row", async () => {
  const { events, posted } = await sendThrough("sdklost.test", (_body, count) => (count === 1 ? "lose the answer" : undefined), 2);
  assert.equal(events.length, 1);
  assert.equal(posted, 2);
});

test("the crawler client is not refused", async () => {
  const site = await world.server.addSite("crawled.test");
  const answers: number[] = [];
  const seen: typeof fetch = async (...given) => {
    const response = await fetch(...given);
    answers.push(response.status);
    return response;
  };
  const request = new Request("https://crawled.test/docs/setup", {
    headers: { "User-Agent": "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)" },
  });
  await trackAICrawlerRequest(request, { websiteId: site.trackingId, apiUrl: `${world.server.url}/api/ai-crawls`, fetch: seen });
  assert.deepEqual(answers, [200]);
});
