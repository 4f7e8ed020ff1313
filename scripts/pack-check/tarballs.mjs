// What linters of packages say of the tarballs themselves.
import { join } from "node:path";
import { root } from "../run.mjs";
import { node } from "./run.mjs";

const publint = join(root, "node_modules/publint/src/cli.js");
const attw = join(root, "node_modules/@arethetypeswrong/cli/dist/index.js");

/**
 * @param {(what: string, run: () => void) => Promise<void>} check
 * @param {readonly import("./pack.mjs").Tarball[]} tarballs
 */
export async function checkTarballs(check, tarballs) {
  for (const { name, file } of tarballs) {
    await check(`publint ${name}`, () => void node([publint, file, "--strict"], { cwd: root }));
    await check(`attw --profile esm-only ${name}`, () => {
      node([attw, file, "--profile", "esm-only"], { cwd: root });
    });
  }
}
