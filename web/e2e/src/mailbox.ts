// A mail server that keeps what it gets: mailpit, from the PATH.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { freePort } from "./port.ts";
import { eventually } from "./wait.ts";

interface Summary {
  ID: string;
  Subject: string;
  To: { Address: string }[];
}

export class Mailbox {
  private constructor(
    readonly smtpURL: string,
    private readonly url: string,
    private readonly process: ChildProcess,
  ) {}

  static async start(): Promise<Mailbox> {
    const [smtp, http] = [await freePort(), await freePort()];
    const args = ["--smtp", `127.0.0.1:${smtp}`, "--listen", `127.0.0.1:${http}`, "--quiet", "--disable-version-check"];
    const process = spawn("mailpit", args, { stdio: "ignore" });
    const failed = new Promise<never>((_, reject) => process.once("error", reject));
    const mailbox = new Mailbox(`smtp+insecure://127.0.0.1:${smtp}`, `http://127.0.0.1:${http}`, process);
    await Promise.race([failed, eventually(() => mailbox.#get("/api/v1/messages"))]);
    return mailbox;
  }

  /** The link in the newest mail to an address whose subject holds a text; waits for it. */
  link(address: string, subject: string): Promise<string> {
    return eventually(async () => {
      const { messages } = (await this.#get("/api/v1/messages")) as { messages: Summary[] };
      const mail = messages.find(({ To, Subject }) => Subject.includes(subject) && To.some(({ Address }) => Address === address));
      if (!mail) throw new Error(`no mail to ${address} about ${subject}`);
      const { Text } = (await this.#get(`/api/v1/message/${mail.ID}`)) as { Text: string };
      const link = Text.match(/https?:\/\/\S+/)?.[0];
      if (!link) throw new Error(`no link in: ${Text}`);
      return link;
    });
  }

  async stop(): Promise<void> {
    this.process.kill("SIGTERM");
    await once(this.process, "close");
  }

  async #get(path: string): Promise<unknown> {
    const response = await fetch(this.url + path);
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return response.json();
  }
}
