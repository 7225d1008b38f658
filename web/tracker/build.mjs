// Builds the three scripts into web/dist/tracker, each beside its compressed forms,
// and fails when one outgrows its budget (bytes of gzip -9).

import { mkdir, writeFile } from "node:fs/promises";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { script } from "./bundle.mjs";

const builds = [
  { name: "script.js", budget: 2048 },
  { name: "script.hash.js", budget: 2100, hash: true },
  { name: "script.cookieless.js", budget: 1900, cookieless: true },
];
const outputFolder = new URL("../dist/tracker/", import.meta.url);

async function writeScript(name, code) {
  const gzip = gzipSync(code, { level: 9 });
  const brotli = brotliCompressSync(code, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
  await Promise.all([
    writeFile(new URL(name, outputFolder), code),
    writeFile(new URL(`${name}.gz`, outputFolder), gzip),
    writeFile(new URL(`${name}.br`, outputFolder), brotli),
  ]);
  return { plain: Buffer.byteLength(code), gzip: gzip.length, brotli: brotli.length };
}

await mkdir(outputFolder, { recursive: true });
for (const { name, budget, ...flags } of builds) {
  const size = await writeScript(name, await script(flags));
  console.log(`${name}: ${size.plain} bytes, gzip ${size.gzip} of ${budget}, brotli ${size.brotli}`);
  if (size.gzip > budget) {
    console.error(`${name} is ${size.gzip - budget} bytes over its budget`);
    process.exitCode = 1;
  }
}
