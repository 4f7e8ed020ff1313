import { Command } from "commander";
import { askCoordinator, withConnection, type ConnectionFlags } from "./connection.js";
import { EXIT } from "./exit-codes.js";
import { PLAN_ID, planIdOf } from "./plan-id.js";
import { writeLine } from "./print/json-lines.js";
import type { Screen } from "./print/screen.js";

type Flags = ConnectionFlags & { readonly reason?: string; readonly json?: boolean };

const EXAMPLES = `
Examples:
  planwire cancel last
  planwire cancel p_V1StGXR8 --reason "wrong input"

Exit codes: 0 the cancel was taken, 1 it came too late, 2 there is no such submission, 3 coordinator not reached.
`;

export function cancelCommand(screen: Screen): Command {
  return withConnection(new Command("cancel"))
    .summary("stop a submission")
    .description("Asks for a submission to be stopped, and says whether that came in time.")
    .argument("<id>", PLAN_ID)
    .option("--reason <text>", "shown with the cancelled run")
    .option("--json", "print one JSON object: cancel")
    .addHelpText("after", EXAMPLES)
    .action(async (argument: string, flags: Flags) => {
      process.exitCode = await askCoordinator(flags, async (pw) => {
        const id = await planIdOf(pw, argument);
        const { taken, state } = await pw.cancel(id, flags.reason);
        if (flags.json) {
          await writeLine(screen.out, { event: "cancel", plan_id: id, taken, state });
        } else if (taken) {
          screen.say(`${id} is ${state}; its end: planwire result ${id}`);
        } else {
          screen.say(`too late: ${id} had ended before, it is ${state}`);
        }
        return taken ? EXIT.ok : EXIT.failed;
      });
    });
}
