// `npm start`: from a fresh clone to a plan that ran.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root, runNode } from "./run.mjs";
import { setup } from "./setup.mjs";

setup();

const example = join(root, "examples/quickstart");
// Node 20 runs no TypeScript by itself; in the example's own folder this is `npx tsx main.ts`.
const tsx = pathToFileURL(join(example, "node_modules/tsx/dist/esm/index.mjs")).href;
process.exitCode = runNode(["--import", tsx, join(example, "main.ts"), ...process.argv.slice(2)]);
