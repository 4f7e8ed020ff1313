import type { Run, RunEvent } from "@planwire/client";
import { encodeText } from "@planwire/protocol";
import { Command } from "commander";
import { askCoordinator, withConnection, type ConnectionFlags } from "./connection.js";
import { EXIT, exitCodeOfOutcome, type ExitCode } from "./exit-codes.js";
import { followRun } from "./follow-run.js";
import { interruptible, unlessInterrupted } from "./interrupts.js";
import { PLAN_ID, planIdOf } from "./plan-id.js";
import { finishedLine, writeLine } from "./print/json-lines.js";
import { outcomeText } from "./print/outcome-text.js";
import { eventLine } from "./print/event-line.js";
import type { Screen } from "./print/screen.js";

type Flags = ConnectionFlags & { readonly json?: boolean };

const EXAMPLES = `
Examples:
  planwire watch last
  planwire watch p_V1StGXR8 --json | jq 'select(.event == "log")'

Ctrl-C only stops watching (exit 0); otherwise it exits as submit would: 0 succeeded, 1 failed, 4 cancelled.
`;

export function watchCommand(screen: Screen): Command {
  return withConnection(new Command("watch"))
    .summary("follow a submission: progress, logs, its end")
    .description("Shows what a submission does, from its beginning to its end.")
    .argument("<id>", PLAN_ID)
    .option("--json", "print one JSON object a line: each event as it happens, then finished")
    .addHelpText("after", EXAMPLES)
    .action(async (id: string, flags: Flags) => {
      process.exitCode = await watch(id, flags, screen);
    });
}

function watch(id: string, flags: Flags, screen: Screen): Promise<ExitCode> {
  return interruptible(
    () => {},
    async (signal) => {
      try {
        return await unlessInterrupted(watchToEnd(id, flags, screen), signal);
      } catch (error) {
        if (signal.aborted) return EXIT.ok;
        throw error;
      }
    },
  );
}

function watchToEnd(id: string, flags: Flags, screen: Screen): Promise<ExitCode> {
  return askCoordinator(flags, async (pw) => {
    const run = await pw.get(await planIdOf(pw, id));
    if (flags.json) return printEvents(run, screen);
    screen.say(screen.sayStyle.dim(`watching ${run.id}; Ctrl-C stops watching, not the work`));
    const outcome = await followRun(run, screen);
    screen.say(outcomeText(run.id, outcome, screen.sayStyle));
    return exitCodeOfOutcome(outcome);
  });
}

async function printEvents(run: Run<unknown>, screen: Screen): Promise<ExitCode> {
  const isLast = (event: RunEvent) => event.type === "Finished";
  for await (const event of run.events()) {
    if (!isLast(event)) await screen.out.write(`${encodeText(eventLine(run.id, event))}\n`);
  }
  const outcome = await run.outcome();
  await writeLine(screen.out, finishedLine(run.id, outcome));
  return exitCodeOfOutcome(outcome);
}
