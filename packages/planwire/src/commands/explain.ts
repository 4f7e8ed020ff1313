import { Command } from "commander";
import { askCoordinator, withConnection, type ConnectionFlags } from "./connection.js";
import { PLAN_ID, planIdOf } from "./plan-id.js";
import { writeLine } from "./print/json-lines.js";
import type { Screen } from "./print/screen.js";

type Flags = ConnectionFlags & { readonly json?: boolean };

const EXAMPLES = `
Examples:
  planwire explain last
  planwire explain p_V1StGXR8 --json
`;

export function explainCommand(screen: Screen): Command {
  return withConnection(new Command("explain"))
    .summary("say why a submission waits")
    .description("Says what a submission waits for or does, or how it ended and what was tried.")
    .argument("<id>", PLAN_ID)
    .option("--json", "print one JSON object: explained")
    .addHelpText("after", EXAMPLES)
    .action(async (argument: string, flags: Flags) => {
      await askCoordinator(flags, async (pw) => {
        const id = await planIdOf(pw, argument);
        const { state, reasons } = await pw.explain(id);
        if (flags.json) {
          return writeLine(screen.out, { event: "explained", plan_id: id, state, reasons });
        }
        return screen.out.write(`${[`${id} is ${state}`, ...reasons].join("\n")}\n`);
      });
    });
}
