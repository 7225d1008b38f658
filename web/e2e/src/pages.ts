// A small web server for customers' pages, all on 127.0.0.1; the browser resolves their
// names to it.

import { createServer, request as send, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { once } from "node:events";
import { freePort } from "./port.ts";

export interface Page {
  body: string;
  headers?: Record<string, string>;
  type?: string;
}

export type Answer = (url: URL) => Page | undefined;

export class Pages {
  readonly #answers = new Map<string, Answer>();
  readonly #forwards = new Map<string, { target: URL; address: string }>();
  readonly #server: Server;

  private constructor(readonly port: number) {
    this.#server = createServer((request, response) => this.#serve(request, response));
  }

  static async start(): Promise<Pages> {
    const pages = new Pages(await freePort());
    pages.#server.listen(pages.port, "127.0.0.1");
    await once(pages.#server, "listening");
    return pages;
  }

  /** What a host answers; returns its origin. */
  host(name: string, answer: Answer): string {
    this.#answers.set(name, answer);
    return `http://${name}:${this.port}`;
  }

  /** Pass a path of a host on, as a customer's web server does, with the client's address in a header. */
  forward(name: string, path: string, target: string, address: string): void {
    this.#forwards.set(name + path, { target: new URL(target), address });
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", `http://${request.headers.host ?? ""}`);
    const forward = this.#forwards.get(url.hostname + url.pathname);
    if (forward) {
      const { "user-agent": agent, "content-type": type } = request.headers;
      const headers = { "User-Agent": agent, "Content-Type": type ?? "text/plain", "X-Datafast-Real-Ip": forward.address };
      const passed = send(forward.target, { method: request.method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, { "Content-Type": answer.headers["content-type"] });
        answer.pipe(response);
      });
      passed.once("error", () => response.destroy());
      request.pipe(passed);
      return;
    }
    const page = this.#answers.get(url.hostname)?.(url);
    if (!page) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "Content-Type": page.type ?? "text/html; charset=utf-8", ...page.headers });
    response.end(page.body);
  }
}

/** An HTML page with what goes into its head. */
export const html = (head: string, body: string) =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Page</title>${head}</head><body>${body}</body></html>`;

/** The script tag as a customer has it. */
export const scriptTag = (server: string, trackingId: string, domain: string, more = "", script = "script.js") =>
  `<script defer data-website-id="${trackingId}" data-domain="${domain}" ${more} src="${server}/js/${script}"></script>`;
