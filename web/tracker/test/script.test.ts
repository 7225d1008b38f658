import { describe, expect, it, vi } from "vitest";
import { openPage, sessionID, visitorID } from "./page";

const uuid = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

describe("a page view", () => {
  it("says who, where and what", () => {
    const page = openPage({ url: "https://example.com/pricing?utm_source=news#plans" });
    expect(page.requests).toHaveLength(1);
    expect(page.requests[0]?.url).toBe("https://stats.example.net/api/events");
    expect(page.requests[0]?.headers).toEqual({});
    expect(page.last()).toMatchObject({
      websiteId: "dfid_8KqW2mZr4T",
      domain: "example.com",
      type: "pageview",
      href: "https://example.com/pricing?utm_source=news#plans",
      referrer: "",
      viewport: { width: 1024, height: 768 },
      visitorSessionNumber: 0,
      noPay: false,
    });
    expect(page.last()?.visitorId).toMatch(uuid);
    expect(String(page.last()?.sessionId).slice(1)).toMatch(uuid);
  });

  it("keeps its ids in cookies that the site's server can read", () => {
    const { document, window, last } = openPage({ url: "https://www.example.com/" });
    expect(document.cookie).toContain(`datafast_visitor_id=${String(last()?.visitorId)}`);
    expect(document.cookie).toContain(`datafast_session_id=${String(last()?.sessionId)}`);
    expect(document.cookie).toMatch(/datafast_session_start=\d{13}/);
    expect(window.eval("window.datafast.visitorId")).toBe(last()?.visitorId);
  });

  it("takes ids that are there, and replaces bad ones", () => {
    const keeping = (cookie: string) =>
      openPage({ before: (window) => void (window.document.cookie = cookie) }).last()?.visitorId;
    expect(keeping(`datafast_visitor_id=${visitorID}`)).toBe(visitorID);
    expect(keeping("datafast_visitor_id=42")).toMatch(uuid);
  });

  it("passes on what an older script or the SDK knew", () => {
    const page = openPage({
      before: ({ document }) => {
        document.cookie = "datafast_visitor_first_seen_at=2026-05-01T09%3A30%3A00.000Z";
        document.cookie = "datafast_visitor_session_count=7";
      },
    });
    expect(page.last()).toMatchObject({
      visitorFirstSeenAt: "2026-05-01T09:30:00.000Z",
      visitorSessionNumber: 7,
    });
  });

  it("is not sent again within a minute", () => {
    const state = JSON.stringify({ time: Date.now() - 59000, url: "https://example.com/pricing" });
    const before = (window: { sessionStorage: Storage }) =>
      window.sessionStorage.setItem("datafast_pageview_state", state);
    const page = openPage({ before });
    expect(page.requests).toHaveLength(0);
    expect(page.window.eval("window.datafast.visitorId")).toMatch(uuid);
    expect(openPage({ before, url: "https://example.com/about" }).requests).toHaveLength(1);
  });

  it("follows the page's own navigation by path, in the hash build by fragment too", () => {
    vi.useFakeTimers();
    const visit = (build: "default" | "hash") => {
      const page = openPage({ build });
      page.window.setTimeout = setTimeout as never;
      for (const url of ["/a", "/b", "/b?tab=2", "/b#x"]) {
        page.window.history.pushState({}, "", url);
        vi.advanceTimersByTime(101);
      }
      return page.requests.map(({ body }) => String(body.href).replace("https://example.com", ""));
    };
    expect(visit("default")).toEqual(["/pricing", "/a", "/b"]);
    expect(visit("hash")).toEqual(["/pricing", "/a", "/b", "/b#x"]);
    vi.useRealTimers();
  });
});

describe("a page that is only being prerendered", () => {
  it("waits until it is shown", () => {
    const page = openPage({
      before: ({ document }) => Object.defineProperty(document, "prerendering", { value: true, configurable: true }),
    });
    page.call("early");
    expect(page.requests).toHaveLength(0);
    Object.defineProperty(page.document, "prerendering", { value: false });
    page.document.dispatchEvent(new page.window.Event("prerenderingchange"));
    expect(page.types()).toEqual(["pageview", "custom"]);
  });
});

describe("the script does not start", () => {
  const tag = 'data-website-id="dfid_8KqW2mZr4T" data-domain="example.com"';
  const webdriver = (window: { navigator: Navigator }) =>
    Object.defineProperty(window.navigator, "webdriver", { value: true });

  it.each([
    ["on localhost", { url: "http://localhost/" }],
    ["on 127.0.0.1", { url: "http://127.0.0.1:8080/" }],
    ["on a .local name", { url: "http://box.local/" }],
    ["in a file", { url: "file:///tmp/page.html" }],
    ["in an automated browser", { before: webdriver }],
  ])("%s", (_place, options) => {
    const page = openPage(options);
    page.call("signup");
    expect(page.requests).toHaveLength(0);
    expect(page.warnings).toHaveLength(0);
  });

  it("without an id, but page code can still call it", () => {
    const page = openPage({ attributes: 'data-domain="example.com"' });
    page.call("signup");
    expect(page.requests).toHaveLength(0);
    expect(page.warnings).toHaveLength(1);
  });

  it("a second time", () => {
    const page = openPage();
    page.run();
    expect(page.requests).toHaveLength(1);
  });

  it("unless the tag says exactly true", () => {
    const url = "http://localhost:3000/";
    expect(openPage({ url, attributes: `${tag} data-allow-localhost=""` }).requests).toHaveLength(0);
    expect(openPage({ url, attributes: `${tag} data-allow-localhost="true"` }).requests).toHaveLength(1);
  });

  it("for one who opted out, asked at every send", () => {
    const page = openPage();
    page.window.localStorage.setItem("datafast_ignore", "true");
    page.call("signup");
    page.window.localStorage.removeItem("datafast_ignore");
    page.call("checkout");
    expect(page.types()).toEqual(["pageview", "custom"]);
  });
});

describe("events URL", () => {
  it.each([
    ["https://proxy.example.com/collect", "https://proxy.example.com/collect"],
    ["https://proxy.example.com", "https://proxy.example.com/api/events"],
    ["/stats/e", "https://example.com/stats/e"],
    ["ftp://example.com/x", "https://stats.example.net/api/events"],
    ["collect", "https://stats.example.net/api/events"],
  ])("data-api-url=%s", (given, expected) => {
    const attributes = `data-website-id="dfid_8KqW2mZr4T" data-domain="example.com" data-api-url="${given}"`;
    const [request] = openPage({ attributes }).requests;
    expect(request?.url).toBe(expected);
    const isOwn = expected.startsWith("https://example.com/");
    expect(request?.headers).toEqual(isOwn ? { "Content-Type": "application/json" } : {});
  });
});

describe("page calls", () => {
  it("are goals, but for identify and payment", () => {
    const page = openPage();
    page.call("signup", { plan: "pro" });
    page.call("identify", { user_id: "u_81" });
    page.call("payment", { email: "ada@example.com" });
    page.call();
    expect(page.requests.slice(1).map(({ body }) => [body.type, body.extraData])).toEqual([
      ["custom", { plan: "pro", eventName: "signup" }],
      ["identify", { user_id: "u_81" }],
      ["payment", { email: "ada@example.com" }],
    ]);
  });

  it("made before the script arrived are kept in order", () => {
    const page = openPage({
      before: (window) =>
        window.eval(`
          window.datafast = function () { (window.datafast.q = window.datafast.q || []).push(arguments) };
          datafast("first"); datafast("second", { n: "2" }); datafast.q.push(["third"]);
        `),
    });
    const names = page.requests.slice(1).map(({ body }) => (body.extraData as { eventName: string }).eventName);
    expect(names).toEqual(["first", "second", "third"]);
  });

  it("never throw", () => {
    const page = openPage();
    const loop: Record<string, unknown> = {};
    loop.self = loop;
    expect(() => page.call("signup", loop)).not.toThrow();
  });
});

describe("clicks", () => {
  const goal = `<button data-fast-goal="buy" data-fast-goal-plan-type="pro" data-fast-goal-seats="3"><i>Buy</i></button>`;

  it("inside a declared goal send it with its parameters", () => {
    const page = openPage({ body: goal });
    page.document.querySelector("i")?.click();
    expect(page.last()).toMatchObject({ type: "custom", extraData: { eventName: "buy", plan_type: "pro", seats: "3" } });
  });

  it.each([
    ["https://other.example.net/x", "external_link"],
    ["https://docs.example.com/x", undefined],
    ["mailto:team@example.com", undefined],
    ["/about", undefined],
  ])("on a link to %s", (href, type) => {
    const page = openPage({ body: `<a href="${href}">  Read more </a>` });
    page.document.querySelector("a")?.click();
    expect(page.requests[1]?.body.type).toBe(type);
    if (type) expect(page.last()?.extraData).toEqual({ url: href, text: "Read more" });
  });
});

describe("other domains of the site", () => {
  const attributes =
    'data-website-id="dfid_8KqW2mZr4T" data-domain="example.com" data-allowed-hostnames="example.net, example.com"';

  it("get the ids with a link", () => {
    const page = openPage({ attributes, body: '<a href="https://shop.example.net/x?a=b%20c&_df_vid=old#y">Shop</a>' });
    const link = page.document.querySelector("a");
    link?.click();
    const { visitorId, sessionId } = page.last() ?? {};
    expect(link?.href).toBe(
      `https://shop.example.net/x?_df_vid=${String(visitorId)}&_df_sid=${String(sessionId)}&a=b%20c&#y`,
    );
    expect(page.requests).toHaveLength(1);
  });

  it("take them over and clean the address", () => {
    const url = `https://example.net/x?a=b%20c&_df_vid=${visitorID}&_df_sid=${sessionID}&_df_vsn=3#y`;
    const page = openPage({
      url,
      attributes,
      before: ({ history }) => history.replaceState({ kept: true }, ""),
    });
    expect(page.last()).toMatchObject({ visitorId: visitorID, sessionId: sessionID, href: "https://example.net/x?a=b%20c#y" });
    expect(page.window.history.state).toEqual({ kept: true });
  });

  it("ignore ids of a bad form", () => {
    const page = openPage({ url: "https://example.net/?_df_vid=1&_df_sid=2", attributes });
    expect(page.last()?.visitorId).toMatch(uuid);
  });
});

describe("the cookieless build", () => {
  it("writes no cookie and takes the id that the server returns", async () => {
    const page = openPage({
      build: "cookieless",
      answer: async () => ({ status: 200, json: async () => ({ status: "success", visitorId: visitorID }) }),
    });
    await vi.waitFor(() => expect(page.window.eval("window.datafast.visitorId")).toBe(visitorID));
    page.call("signup");
    expect(page.last()).toMatchObject({ cookieless: true, visitorId: visitorID });
    expect(page.last()?.sessionId).toBe(page.requests[0]?.body.sessionId);
    expect(page.document.cookie).toBe("");
  });
});

describe("an unreachable server", () => {
  it.each([
    ["cut off", () => Promise.reject(new TypeError("offline"))],
    ["failing", async () => ({ status: 503, json: async () => ({}) })],
  ])("%s: is asked once more after five seconds", async (_case, answer) => {
    vi.useFakeTimers();
    const page = openPage({ answer, before: (window) => Object.assign(window, { setTimeout }) });
    await vi.advanceTimersByTimeAsync(4999);
    expect(page.requests).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(60000);
    expect(page.requests).toHaveLength(2);
    expect(page.requests[1]).toEqual(page.requests[0]);
    vi.useRealTimers();
  });
});
