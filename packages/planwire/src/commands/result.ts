import { Command } from "commander";
import { askCoordinator, withConnection, type ConnectionFlags } from "./connection.js";
import { followRun } from "./follow-run.js";
import { PLAN_ID, planIdOf } from "./plan-id.js";
import { printOutcome } from "./print-outcome.js";
import type { Screen } from "./print/screen.js";

type Flags = ConnectionFlags & { readonly json?: boolean };

const EXAMPLES = `
Examples:
  planwire result last > output.json
  planwire result p_V1StGXR8 --json

Exit codes: as of submit. Ctrl-C only stops waiting; planwire cancel ID stops the work.
`;

export function resultCommand(screen: Screen): Command {
  return withConnection(new Command("result"))
    .summary("print the output of an earlier submission")
    .description("Waits for the end of an earlier submission, if need be, and prints its output.")
    .argument("<id>", PLAN_ID)
    .option("--json", "print one JSON object: finished")
    .addHelpText("after", EXAMPLES)
    .action(async (id: string, flags: Flags) => {
      process.exitCode = await askCoordinator(flags, async (pw) => {
        const run = await pw.get(await planIdOf(pw, id));
        const outcome = await (flags.json ? run.outcome() : followRun(run, screen));
        return printOutcome(run.id, outcome, screen, flags.json === true);
      });
    });
}
