import type { Outcome } from "@planwire/protocol";
import { exitCodeOfOutcome, type ExitCode } from "./exit-codes.js";
import { finishedLine, writeLine } from "./print/json-lines.js";
import { outcomeText } from "./print/outcome-text.js";
import { outputText } from "./print/output-text.js";
import type { Screen } from "./print/screen.js";

/** Prints how a run ended, its output to stdout; gives the exit code. */
export async function printOutcome(
  planId: string,
  outcome: Outcome,
  screen: Screen,
  json: boolean,
): Promise<ExitCode> {
  if (json) await writeLine(screen.out, finishedLine(planId, outcome));
  else {
    screen.say(outcomeText(planId, outcome, screen.sayStyle));
    if (outcome.status === "Succeeded") {
      await screen.out.write(outputText(outcome.output, screen.out.isTTY));
    }
  }
  return exitCodeOfOutcome(outcome);
}
