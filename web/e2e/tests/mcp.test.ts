// The official inspector lists and calls tools on both transports.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { Installation } from "../src/installation.ts";

const run = promisify(execFile);
const binary = resolve(process.env["DATAFAST_BIN"] ?? "../../bin/datafast");
const inspector = resolve("../node_modules/.bin/mcp-inspector");

let server: Installation;
let home: string;
before(async () => {
  server = await Installation.start();
  home = await mkdtemp(join(tmpdir(), "datafast-inspector-"));
});
after(async () => {
  await server.stop();
  await rm(home, { recursive: true, force: true });
});

interface Result {
  tools?: { name: string; annotations: { readOnlyHint: boolean } }[];
  content?: { type: string; text: string }[];
  isError?: boolean;
}

/** What the inspector prints for a method, over a transport. */
async function inspect(transport: "http" | "stdio", options: string[]): Promise<Result> {
  const token = server.first?.accountToken ?? "";
  const target =
    transport === "http"
      ? ["--transport", "http", "--server-url", `${server.url}/api/mcp`, "--header", `Authorization: Bearer ${token}`]
      : ["-e", `DATAFAST_API_BASE=${server.url}`, "-e", `DATAFAST_TOKEN=${token}`, "--transport", "stdio", binary, "mcp"];
  const { stdout } = await run(inspector, ["--cli", ...target, ...options], {
    env: { ...process.env, HOME: home },
    maxBuffer: 64 << 20,
  }).catch((error: unknown) => {
    // The inspector exits with an error of its own when a tool answers with one.
    if (error instanceof Error && "stdout" in error && String(error.stdout).trim() !== "") return { stdout: String(error.stdout) };
    throw error;
  });
  return JSON.parse(stdout) as Result;
}

const textOf = ({ content }: Result) => content?.[0]?.text ?? "";

for (const transport of ["http", "stdio"] as const) {
  test(`tools are listed and called over ${transport}`, async () => {
    const { tools = [] } = await inspect(transport, ["--method", "tools/list"]);
    const names = tools.map(({ name }) => name);
    assert.ok(names.includes("datafast_get_overview") && names.includes("datafast_delete_funnel"), names.join(" "));

    const website = `websiteId=${server.first?.websiteId}`;
    const overview = await inspect(transport, ["--method", "tools/call", "--tool-name", "datafast_get_overview", "--tool-arg", website]);
    assert.match(textOf(overview), /"visitors":0/);

    const preview = await inspect(transport, ["--method", "tools/call", "--tool-name", "datafast_create_website_key", "--tool-arg", website]);
    assert.match(textOf(preview), /"preview"/);

    const unknown = "websiteId=665f0b3c4d2e1a0012345678";
    const refused = await inspect(transport, ["--method", "tools/call", "--tool-name", "datafast_get_overview", "--tool-arg", unknown]);
    assert.match(textOf(refused), /Website not found/);
  });
}
