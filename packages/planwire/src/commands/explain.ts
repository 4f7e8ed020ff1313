import { Command } from "commander";
import { askCoordinator, withConnection, type ConnectionFlags } from "./connection.js";
import { PLAN_ID, planIdOf } from "./plan-id.js";
import type { Screen } from "./print/screen.js";

const EXAMPLES = `
Example:
  planwire explain last
`;

export function explainCommand(screen: Screen): Command {
  return withConnection(new Command("explain"))
    .summary("say why a submission waits")
    .description("Says what a submission waits for, or what it does.")
    .argument("<id>", PLAN_ID)
    .addHelpText("after", EXAMPLES)
    .action(async (argument: string, flags: ConnectionFlags) => {
      await askCoordinator(flags, async (pw) => {
        const run = await pw.get(await planIdOf(pw, argument));
        await screen.out.write(`${await run.explain()}\n`);
      });
    });
}
