import { readFileSync } from "node:fs";
import { Command } from "commander";
import { cancelCommand } from "./cancel.js";
import { coordinatorCommand } from "./coordinator.js";
import { devCommand } from "./dev.js";
import { drainCommand } from "./drain.js";
import { explainCommand } from "./explain.js";
import { filtersCommand } from "./filters.js";
import { graphCommand } from "./graph.js";
import { plansCommand } from "./plans.js";
import type { Screen } from "./print/screen.js";
import { resultCommand } from "./result.js";
import { streamCommand } from "./stream.js";
import { submitCommand } from "./submit.js";
import { watchCommand } from "./watch.js";
import { workerCommand } from "./worker.js";
import { workersCommand } from "./workers.js";

const EXAMPLES = `
Begin here:
  planwire dev                                      a coordinator and two workers with ./filters.ts
  planwire filters                                  what they offer
  planwire submit plan.ts#tidy --input rows.json    run a plan

PLANWIRE_URL and PLANWIRE_TOKEN stand for --coordinator and --token. NO_COLOR turns colours off.
Each command has examples: planwire submit --help
`;

/** The whole command line. Usage errors are thrown as commander's own errors, nothing exits. */
export function buildProgram(screen: Screen): Command {
  const program = new Command("planwire")
    .description("Runs plans on a fleet of workers, over nothing but WebSocket.")
    .version(ownVersion())
    .addHelpText("after", EXAMPLES);
  const groups = {
    "Processes:": [coordinatorCommand, workerCommand, devCommand, drainCommand],
    "Plans:": [submitCommand, streamCommand, resultCommand, watchCommand, cancelCommand],
    "Looking:": [plansCommand, explainCommand, workersCommand, filtersCommand, graphCommand],
  };
  for (const [heading, commands] of Object.entries(groups)) {
    for (const make of commands) program.addCommand(make(screen).helpGroup(heading));
  }
  for (const command of [program, ...program.commands]) {
    command
      .exitOverride()
      .showSuggestionAfterError()
      .configureHelp({ showGlobalOptions: false })
      .configureOutput({ outputError: () => {} });
  }
  return program;
}

function ownVersion(): string {
  const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}
