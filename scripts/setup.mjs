// Makes a clone ready: installs what the lockfile says (skipped, without touching the network, when nothing
// changed since the last time), then builds every package.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { findNpx, root, runNode, tool } from "./run.mjs";

export const PNPM = "pnpm@12.21.0";
const stamp = join(root, "node_modules/.planwire-setup");

export function setup() {
  if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== fingerprint()) install();
  const code = runNode([tool.tsc, "-b"]);
  if (code !== 0) process.exit(code);
}

function install() {
  const frozen = process.env.CI === "true" ? ["--frozen-lockfile"] : ["--no-frozen-lockfile"];
  const code = runNode([findNpx(), "--yes", PNPM, "install", "--prefer-offline", ...frozen]);
  if (code !== 0) {
    console.error("Installing failed. The first time, it needs to reach an npm registry.");
    process.exit(code);
  }
  writeFileSync(stamp, fingerprint());
}

/** Changes with anything that would change node_modules. */
function fingerprint() {
  const hash = createHash("sha256").update(
    `${PNPM} ${process.platform} ${process.arch} ${process.versions.modules}`,
  );
  for (const file of ["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml", ...manifests()]) {
    hash.update(`\n${file}\n`).update(readFileSync(join(root, file)));
  }
  return hash.digest("hex");
}

function manifests() {
  const folders = ["packages", "examples"].flatMap((parent) =>
    existsSync(join(root, parent))
      ? readdirSync(join(root, parent)).map((name) => `${parent}/${name}`)
      : [],
  );
  return [...folders, "bench"]
    .map((folder) => `${folder}/package.json`)
    .filter((file) => existsSync(join(root, file)))
    .toSorted();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) setup();
