// An empty folder in which a user installed the tarballs with npm.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { findNpx } from "../run.mjs";
import { node } from "./run.mjs";

/**
 * @param {string} folder
 * @param {readonly import("./pack.mjs").Tarball[]} tarballs
 * @returns {string} the user's folder
 */
export function installed(folder, tarballs) {
  const user = join(folder, "user");
  mkdirSync(user);
  const manifest = { name: "user", private: true, type: "module" };
  writeFileSync(join(user, "package.json"), JSON.stringify(manifest));
  npm(user, "install", ...tarballs.map(({ file }) => file));
  return user;
}

/** @param {string} cwd @param {readonly string[]} args */
export function npm(cwd, ...args) {
  const cli = join(dirname(findNpx()), "npm-cli.js");
  return node([cli, ...args, "--no-audit", "--no-fund", "--prefer-offline"], {
    cwd,
    timeoutMs: 300_000,
  });
}
