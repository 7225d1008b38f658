// A proxy before the real server that can refuse requests first, as a failing network does.

import { createServer, request as forward, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { once } from "node:events";
import { freePort } from "./port.ts";

/** What to do with a request instead of passing it on: answer 500, or drop it after it was stored. */
export type Mishap = "answer 500" | "lose the answer" | undefined;

export class Proxy {
  /** Bodies of all posts, those that met a mishap too. */
  readonly posted: string[] = [];
  readonly #server: Server;

  private constructor(
    readonly url: string,
    private readonly targetPort: number,
    private readonly mishap: (body: string, count: number) => Mishap,
  ) {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async start(targetPort: number, mishap: (body: string, count: number) => Mishap = () => undefined): Promise<Proxy> {
    const port = await freePort();
    const proxy = new Proxy(`http://127.0.0.1:${port}`, targetPort, mishap);
    proxy.#server.listen(port, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const mishap = request.method === "POST" ? this.#noted(body.toString()) : undefined;
    if (mishap === "answer 500") {
      response.writeHead(500, { "Access-Control-Allow-Origin": "*" }).end("{}");
      return;
    }
    const { url, method, headers } = request;
    const passed = forward({ port: this.targetPort, host: "127.0.0.1", path: url, method, headers }, (answer) => {
      if (mishap === "lose the answer") {
        answer.resume().once("end", () => response.destroy());
        return;
      }
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    passed.once("error", () => response.destroy());
    passed.end(body);
  }

  #noted(body: string): Mishap {
    this.posted.push(body);
    return this.mishap(body, this.posted.length);
  }
}
