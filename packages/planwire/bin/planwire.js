#!/usr/bin/env node
// Committed as it is (not built): a package manager links only the commands that exist when it installs.
// It runs in the same process as the command, so signals and the exit code are the command's own.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const main = new URL("../dist/commands/main.js", import.meta.url);

if (existsSync(fileURLToPath(main))) {
  void import(main.href);
} else {
  console.error(
    "planwire is not built yet. In a clone of the repository, run `npm run build` first.",
  );
  process.exitCode = 1;
}
