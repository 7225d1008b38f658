// A month of made-up visits, as lines of the import route: enough for a page worth looking at.

/** Numbers between 0 and 1 that are the same in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return state / 4294967296;
  };
}

const random = seeded(7);
type Weighted<T> = readonly (readonly [T, number])[];
type Three = readonly [string, string, string];

const pick = <T>(choices: Weighted<T>): T => {
  const total = choices.reduce((sum, [, weight]) => sum + weight, 0);
  let rest = random() * total;
  for (const [choice, weight] of choices) {
    rest -= weight;
    if (rest <= 0) return choice;
  }
  throw new Error("nothing to pick");
};

const hex = (length: number) => Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join("");
const uuid = () => `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`;

const pages = [["/", 30], ["/pricing", 14], ["/docs", 9], ["/docs/setup", 7], ["/blog/first-year", 8], ["/shop/mug", 6], ["/about", 3]] as const;
const origins = [
  ["", 26], ["https://www.google.com/", 30], ["https://news.ycombinator.com/", 9], ["https://chatgpt.com/", 7],
  ["https://t.co/x", 8], ["https://www.reddit.com/", 5], ["https://github.com/", 4],
] as const;
const campaigns = [["", 80], ["?utm_source=newsletter&utm_medium=email&utm_campaign=autumn", 12], ["?utm_source=google&utm_medium=cpc&utm_campaign=mugs", 8]] as const;
const places: Weighted<Three> = [
  [["US", "US-CA", "San Francisco"], 26], [["DE", "DE-BE", "Berlin"], 17], [["FR", "FR-IDF", "Paris"], 12],
  [["GB", "GB-LND", "London"], 12], [["IN", "IN-KA", "Bengaluru"], 9], [["JP", "JP-13", "Tokyo"], 7], [["BR", "BR-SP", "São Paulo"], 6],
];
const systems: Weighted<Three> = [
  [["Chrome", "Windows", "desktop"], 30], [["Chrome", "Mac OS", "desktop"], 18], [["Mobile Safari", "iOS", "mobile"], 24],
  [["Chrome", "Android", "mobile"], 14], [["Firefox", "Linux", "desktop"], 8], [["Safari", "iOS", "tablet"], 4],
];

export interface Buyer {
  visitorId: string;
  timestamp: string;
}

interface History {
  lines: string;
  buyers: Buyer[];
}

/** Sessions of the last days up to an instant, busier by day than by night. */
export function madeUpHistory(origin: string, now: Date, days: number, sessionsADay: number): History {
  const events: object[] = [];
  const buyers: Buyer[] = [];
  const visitors: string[] = [];
  for (let session = 0; session < days * sessionsADay; session++) {
    const known = visitors[Math.floor(random() * visitors.length)];
    const visitorId = known && random() < 0.25 ? known : uuid();
    visitors.push(visitorId);
    const start = startOf(now, days);
    const [country, region, city] = pick(places);
    const [browser, os, device] = pick(systems);
    const about = { visitorId, sessionId: `s${uuid()}`, country, region, city, browser, os, device, viewport: { width: 1280, height: 720 } };
    const count = 1 + Math.floor(random() ** 2 * 6);
    for (let view = 0; view < count; view++) {
      const href = origin + pick(pages) + (view === 0 ? pick(campaigns) : "");
      events.push({ ...about, type: "pageview", href, referrer: view === 0 ? pick(origins) || null : null, timestamp: at(start, view * 40) });
    }
    if (random() < 0.09) events.push({ ...about, type: "custom", href: `${origin}/pricing`, extraData: { eventName: "signup", plan: "free" }, timestamp: at(start, count * 40) });
    if (random() < 0.018) buyers.push({ visitorId, timestamp: at(start, count * 40 + 30) });
  }
  const ordered = events.toSorted((one, other) => timestampOf(one).localeCompare(timestampOf(other)));
  return { lines: ordered.map((event) => JSON.stringify(event)).join("\n"), buyers };
}

const at = (start: number, seconds: number) => new Date(start + seconds * 1000).toISOString();
const timestampOf = (event: object) => ("timestamp" in event ? String(event.timestamp) : "");

function startOf(now: Date, days: number): number {
  const hourMS = 3_600_000;
  for (;;) {
    const time = now.getTime() - random() * days * 24 * hourMS - hourMS / 2;
    const hour = new Date(time).getUTCHours();
    if (random() < 0.35 + 0.65 * Math.sin((Math.PI * Math.max(0, hour - 5)) / 19)) return time;
  }
}
