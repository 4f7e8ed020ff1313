// `npm run sim -- --seed N` tells one story of the simulator; `npm run sim -- --seeds COUNT [--from N]` tells many (packages/testkit/README.md).
import { runNode } from "./run.mjs";
import { setup } from "./setup.mjs";

setup();
process.exitCode = runNode(["packages/testkit/dist/cli.js", ...process.argv.slice(2)]);
