import type { Outcome, StopHow } from "@planwire/protocol";
import { durationText } from "./duration.js";
import { errorText, toldWireError } from "./error-text.js";
import type { Style } from "./style.js";

/** How a run ended, in a line; a failure with all that is known of it. */
export function outcomeText(planId: string, outcome: Outcome, style: Style): string {
  const where = outcome.worker_id === undefined ? "" : ` on ${outcome.worker_id}`;
  const tries = outcome.attempts > 1 ? ` after ${outcome.attempts} attempts` : "";
  const how = `${planId} in ${durationText(outcome.duration_ms)}${where}${tries}`;
  switch (outcome.status) {
    case "Succeeded":
      return [style.green("succeeded"), how].join(" ") + statesText(Object.keys(outcome.states));
    case "Failed":
      return `${style.red("failed")} ${how}\n${errorText(toldWireError(outcome.error), style)}`;
    case "Cancelled": {
      const still = outcome.stopped ? "" : `; ${whatStillRuns(outcome.how)}`;
      return `${style.yellow("cancelled")} ${how}, by ${outcome.by}${still}`;
    }
  }
}

function whatStillRuns(how: StopHow | undefined): string {
  if (how !== "lost") return "a call that could not be stopped still runs";
  return "its worker was lost, so nobody knows whether it still runs there";
}

function statesText(nodeIds: readonly string[]): string {
  if (nodeIds.length === 0) return "";
  return `\nfitted ${nodeIds.join(", ")}: with --json the result holds the states, for --states`;
}
