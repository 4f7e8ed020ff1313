// `npm run pack:check`: packs every package, installs the tarballs in an empty folder as a user would, and uses them there.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installed } from "./pack-check/installed.mjs";
import { packAll } from "./pack-check/pack.mjs";
import { checkTarballs } from "./pack-check/tarballs.mjs";
import { checkUse } from "./pack-check/use.mjs";
import { setup } from "./setup.mjs";

setup();
const folder = mkdtempSync(join(tmpdir(), "planwire-pack-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

/** @type {string[]} */
const failures = [];
/** @param {string} what @param {() => void | Promise<void>} run */
async function check(what, run) {
  const began = performance.now();
  try {
    await run();
    console.log(`ok    ${what} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failures.push(what);
    console.error(`FAIL  ${what}\n${error instanceof Error ? error.message : String(error)}`);
  }
}

const tarballs = packAll(folder);
await checkTarballs(check, tarballs);
const user = installed(folder, tarballs);
await checkUse(check, user);

console.log(
  failures.length === 0 ? "pack:check passed" : `pack:check failed: ${failures.join(", ")}`,
);
process.exitCode = failures.length === 0 ? 0 : 1;
