// A page in jsdom with a script tag, and the requests that the script makes from it.

import { JSDOM } from "jsdom";
import { script } from "../bundle.mjs";

const scripts = {
  default: await script(),
  hash: await script({ hash: true }),
  cookieless: await script({ cookieless: true }),
};

export interface Request {
  url: string;
  headers: Record<string, string>;
  body: Record<string, unknown>;
}

export interface PageOptions {
  url?: string;
  attributes?: string;
  body?: string;
  build?: keyof typeof scripts;
  /** Runs in the page before the script does. */
  before?: (window: JSDOM["window"]) => void;
  answer?: () => Promise<{ status: number; json: () => Promise<unknown> }>;
}

export const visitorID = "6f1d2c3b-8a90-4b7e-9c1d-2e3f4a5b6c7d";
export const sessionID = "s0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";

const tag = 'data-website-id="dfid_8KqW2mZr4T" data-domain="example.com"';
const stored = async () => ({ status: 200, json: async () => ({ status: "success" }) });

export function openPage(options: PageOptions = {}) {
  const source = 'type="x" src="https://stats.example.net/js/script.js"';
  const dom = new JSDOM(
    `<body>${options.body ?? ""}<script ${options.attributes ?? tag} ${source}></script></body>`,
    { url: options.url ?? "https://example.com/pricing", runScripts: "outside-only", pretendToBeVisual: true },
  );
  const requests: Request[] = [];
  const fetch = (url: URL, { headers, body }: { headers: Record<string, string>; body: string }) => {
    requests.push({ url: String(url), headers, body: JSON.parse(body) });
    return (options.answer ?? stored)();
  };
  const warnings: unknown[] = [];
  Object.assign(dom.window, { fetch, console: { warn: (text: unknown) => warnings.push(text) } });
  dom.window.addEventListener("click", (event) => event.preventDefault()); // jsdom cannot navigate
  options.before?.(dom.window);
  const run = () => dom.window.eval(scripts[options.build ?? "default"]);
  run();
  return {
    window: dom.window,
    document: dom.window.document,
    requests,
    warnings,
    run,
    types: () => requests.map(({ body }) => body.type),
    last: () => requests.at(-1)?.body,
    call: (...given: unknown[]) => {
      const track = dom.window.eval("window.datafast") as (...given: unknown[]) => void;
      track(...given);
    },
  };
}
