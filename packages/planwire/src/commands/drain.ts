import { Command } from "commander";
import { askCoordinator, withConnection, type ConnectionFlags } from "./connection.js";
import { writeLine } from "./print/json-lines.js";
import type { Screen } from "./print/screen.js";

type Flags = ConnectionFlags & { readonly reason?: string; readonly json?: boolean };

const EXAMPLES = `
Examples:
  planwire drain gpu-box-2
  planwire drain gpu-box-2 --reason "new driver"

Exit codes: 0 the worker was told, 2 there is no such worker, 3 coordinator not reached.
`;

export function drainCommand(screen: Screen): Command {
  return withConnection(new Command("drain"))
    .summary("send a worker away")
    .description(
      "Sends a worker away: it gets no new work, finishes what it holds, delivers the results and leaves.",
    )
    .argument("<worker>", "its id, as planwire workers lists it")
    .option("--reason <text>", "told to the worker, and shown there")
    .option("--json", "print one JSON object: drain")
    .addHelpText("after", EXAMPLES)
    .action(async (worker: string, flags: Flags) => {
      const left = await askCoordinator(flags, (pw) => pw.drain(worker, flags.reason));
      const { activePlans, activeStreams } = left;
      if (flags.json) {
        const line = {
          worker_id: worker,
          active_plans: activePlans,
          active_streams: activeStreams,
        };
        await writeLine(screen.out, { event: "drain", ...line });
      } else
        screen.say(`${worker} takes no new work, and leaves ${whenOf(activePlans, activeStreams)}`);
    });
}

function whenOf(plans: number, streams: number): string {
  if (plans + streams === 0) return "at once";
  const counted = [counts(plans, "plan"), counts(streams, "stream")].filter((text) => text !== "");
  return `when it has finished ${counted.join(" and ")}`;
}

function counts(number: number, what: string): string {
  if (number === 0) return "";
  return number === 1 ? `1 ${what}` : `${number} ${what}s`;
}
