// Runs a program of this clone, without a shell, and tells how it ended.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** Runs a JavaScript file with this very Node, its output passed through; returns the exit code. */
export function runNode(args, env = {}) {
  const { status, signal, error } = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, ...env },
  });
  if (error) throw error;
  if (signal) console.error(`stopped by ${signal}: node ${args.join(" ")}`);
  return status ?? 1;
}

export const tool = {
  tsc: join(root, "node_modules/typescript/bin/tsc"),
  vitest: join(root, "node_modules/vitest/vitest.mjs"),
  oxlint: join(root, "node_modules/oxlint/bin/oxlint"),
  oxfmt: join(root, "node_modules/oxfmt/bin/oxfmt"),
};

/** The npx that came with the npm which runs us, else the one that came with Node. */
export function findNpx() {
  const bin = dirname(process.execPath);
  const candidates = [
    process.env.npm_execpath && join(dirname(process.env.npm_execpath), "npx-cli.js"),
    join(bin, "../lib/node_modules/npm/bin/npx-cli.js"),
    join(bin, "node_modules/npm/bin/npx-cli.js"),
    join(bin, "../share/nodejs/npm/bin/npx-cli.js"),
  ];
  const found = candidates.find((path) => path && existsSync(path));
  if (!found)
    throw new Error(
      "npm was not found beside Node: start this with `npm start`, `npm test` or `npm run build`",
    );
  return found;
}
