// Writes .gz and .br beside each text file of the built dashboard, prints what the first
// load costs in script, and fails when that is over its budget (bytes of gzip -9).

import { readdir, readFile, writeFile } from "node:fs/promises";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const folder = new URL("../../dist/dashboard/", import.meta.url);
const budget = 150 * 1024;
const isText = (name) => /\.(js|css|html|svg|json)$/.test(name);

async function compress(name) {
  const plain = await readFile(new URL(name, folder));
  const gzip = gzipSync(plain, { level: 9 });
  const brotli = brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
  await Promise.all([
    writeFile(new URL(`${name}.gz`, folder), gzip),
    writeFile(new URL(`${name}.br`, folder), brotli),
  ]);
  return [name, gzip.length];
}

const names = (await readdir(folder, { recursive: true })).filter(isText);
const sizes = new Map(await Promise.all(names.map(compress)));
const html = await readFile(new URL("index.html", folder), "utf8");
const first = [...html.matchAll(/(?:src|href)="\/([^"]+\.js)"/g)].map(([, name]) => sizes.get(name));
const total = first.reduce((sum, size) => sum + size, 0);
console.log(`dashboard: first load ${total} of ${budget} bytes of script`);
if (total > budget) {
  console.error(`the dashboard's first load is ${total - budget} bytes over its budget`);
  process.exitCode = 1;
}
