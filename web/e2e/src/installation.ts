// The real binary on a data directory of its own, and questions to its API.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Buyer } from "./history.ts";
import { freePort } from "./port.ts";
import { eventually } from "./wait.ts";

const binary = resolve(process.env["DATAFAST_BIN"] ?? "../../bin/datafast");
export const password = "correct horse battery";
export const email = "owner@example.com";

export interface Site {
  websiteId: string;
  trackingId: string;
  key: string;
}

interface Bootstrapped extends Site {
  accountToken: string;
}

async function run(args: string[], input: string): Promise<string> {
  const process = spawn(binary, args, { stdio: ["pipe", "pipe", "inherit"] });
  let output = "";
  process.stdout.on("data", (chunk: Buffer) => (output += chunk));
  process.stdin.end(input);
  const [code] = (await once(process, "close")) as [number];
  if (code !== 0) throw new Error(`${binary} ${args.join(" ")} exited ${code}`);
  return output;
}

async function bootstrap(data: string): Promise<Bootstrapped> {
  const args = ["admin", "bootstrap", "--data", data, "--email", email, "--password-stdin", "--website", "first.test", "--json"];
  const printed = JSON.parse(await run(args, password)) as Omit<Bootstrapped, "key"> & { websiteKey: string };
  return { ...printed, key: printed.websiteKey };
}

export interface StartOptions {
  /** Without account and website, waiting for the first account. */
  isEmpty?: boolean;
  smtpURL?: string;
}

export class Installation {
  #output = "";

  private constructor(
    readonly url: string,
    readonly port: number,
    readonly data: string,
    readonly first: Bootstrapped | undefined,
    private readonly process: ChildProcess,
  ) {
    const keep = (chunk: Buffer) => (this.#output += chunk);
    process.stdout?.on("data", keep);
    process.stderr?.on("data", keep);
  }

  /** Start with a first account and website, or empty, waiting for its first account. */
  static async start({ isEmpty = false, smtpURL = "" }: StartOptions = {}): Promise<Installation> {
    const data = await mkdtemp(join(tmpdir(), "datafast-e2e-"));
    const first = isEmpty ? undefined : await bootstrap(data);
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const args = ["serve", "--data", data, "--listen", `127.0.0.1:${port}`, "--base-url", url];
    const env = { ...globalThis.process.env, DATAFAST_SMTP_URL: smtpURL };
    const process = spawn(binary, args, { stdio: ["ignore", "pipe", "pipe"], env });
    const installation = new Installation(url, port, data, first, process);
    await eventually(async () => {
      if (process.exitCode !== null) throw new Error(`the server ended: ${installation.#output}`);
      const { ok } = await fetch(`${url}/readyz`);
      if (!ok) throw new Error("not ready");
    });
    return installation;
  }

  /** The newest link to a page that the server printed or wrote to its log: one with a secret. */
  printedLink(page: "setup" | "reset"): string {
    const link = [...this.#output.matchAll(new RegExp(`https?://[^\\s"\\\\]+/${page}#[\\w-]+`, "g"))].at(-1)?.[0];
    if (!link) throw new Error(`no ${page} link in: ${this.#output}`);
    return link;
  }

  async stop(): Promise<void> {
    if (this.process.exitCode === null) {
      this.process.kill("SIGTERM");
      await once(this.process, "close");
    }
    await rm(this.data, { recursive: true, force: true });
  }

  async #ask(method: string, path: string, token: string, body?: unknown): Promise<unknown> {
    const response = await fetch(this.url + path, {
      method,
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const envelope = (await response.json()) as { data?: unknown };
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(envelope)}`);
    return envelope.data;
  }

  get #token(): string {
    if (!this.first) throw new Error("the installation was started empty");
    return this.first.accountToken;
  }

  /** Another website, with a key. */
  async addSite(domain: string, settings: Record<string, unknown> = {}): Promise<Site> {
    const website = { domain, timezone: "UTC" };
    const [made] = (await this.#ask("POST", "/api/v1/admin/websites", this.#token, website)) as { websiteId: string; trackingId: string }[];
    if (!made) throw new Error("no website was made");
    const { websiteId, trackingId } = made;
    const path = `/api/v1/admin/websites/${websiteId}`;
    if (Object.keys(settings).length > 0) await this.#ask("PUT", path, this.#token, settings);
    const [created] = (await this.#ask("POST", `${path}/apikeys`, this.#token, {})) as { key: string }[];
    return { websiteId, trackingId, key: created?.key ?? "" };
  }

  /** A mail to the owner when a goal is reached. */
  async addAlert({ websiteId, key }: Site, alert: { name: string; goalName: string; message: string }): Promise<void> {
    const { name, goalName, message } = alert;
    await this.#ask("POST", `/api/v1/admin/websites/${websiteId}/alerts`, key, { name, trigger: { goalName }, template: { message } });
  }

  /** The rows of a report, asked with the website's key. */
  async report<Row = Record<string, unknown>>({ key }: Site, path: string): Promise<Row[]> {
    return (await this.#ask("GET", `/api/v1${path}`, key)) as Row[];
  }

  /** What cannot be had as rows. */
  async object<Body>({ key }: Site, path: string): Promise<Body> {
    return (await this.#ask("GET", `/api/v1${path}`, key)) as Body;
  }

  /** Store lines of the import route, with the times that they give. */
  async importEvents({ websiteId }: Site, lines: string): Promise<void> {
    const response = await fetch(`${this.url}/api/v1/admin/websites/${websiteId}/import/events`, {
      method: "POST",
      headers: { Authorization: `Bearer ${this.#token}`, "Content-Type": "application/x-ndjson" },
      body: lines,
    });
    const text = await response.text();
    if (!response.ok || !text.includes('"rejected":[]')) throw new Error(`import: ${response.status} ${text}`);
  }

  /** A payment of a visitor. */
  async pay({ key }: Site, { visitorId, timestamp }: Buyer, index: number): Promise<void> {
    const payment = { amount: 29, currency: "USD", transaction_id: `tx_${index}`, datafast_visitor_id: visitorId, timestamp };
    await this.#ask("POST", "/api/v1/payments", key, payment);
  }

  /** The status of an answer, whatever it is. */
  async status(method: string, path: string, token: string): Promise<number> {
    const response = await fetch(this.url + path, { method, headers: { Authorization: `Bearer ${token}` } });
    await response.arrayBuffer();
    return response.status;
  }

  /** All stored events, oldest first, as the export writes them. */
  async events({ key }: Site): Promise<StoredEvent[]> {
    const response = await fetch(`${this.url}/api/v1/exports/events`, { headers: { Authorization: `Bearer ${key}` } });
    if (!response.ok) throw new Error(`export: ${response.status} ${await response.text()}`);
    const lines = (await response.text()).split("\n").filter((line) => line !== "");
    return lines.map((line) => JSON.parse(line) as StoredEvent);
  }
}

export interface StoredEvent {
  type: string;
  href: string;
  visitorId: string;
  sessionId?: string;
  referrer?: string | null;
  extraData?: Record<string, unknown>;
}
