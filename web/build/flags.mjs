// Copies the flags that the API and the dashboard name into web/dist/flags: XX.svg by
// ISO 3166-1 code, and _unknown.svg, a blank one.

import { copyFile, mkdir, readdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const packageFile = createRequire(import.meta.url).resolve("country-flag-icons/package.json");
const source = join(dirname(packageFile), "3x2");
const target = new URL("../dist/flags/", import.meta.url);
const blank =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 513 342"><path fill="#d4d4d8" d="M0 0h513v342H0z"/></svg>\n';

await mkdir(target, { recursive: true });
const flags = (await readdir(source)).filter((name) => /^[A-Z]{2}\.svg$/.test(name));
await Promise.all(flags.map((name) => copyFile(join(source, name), new URL(name, target))));
await writeFile(new URL("_unknown.svg", target), blank);
console.log(`flags: ${flags.length}`);
