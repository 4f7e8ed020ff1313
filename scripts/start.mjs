// `npm start`: from a fresh clone to a plan that ran.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root, runNode } from "./run.mjs";
import { setup } from "./setup.mjs";

setup();

const quickstart = join(root, "examples/quickstart/main.js");
if (existsSync(quickstart)) {
  process.exitCode = runNode([quickstart, ...process.argv.slice(2)]);
} else {
  console.log("Built. There is no quickstart example yet.");
}
