import { isTerminal } from "@planwire/protocol";
import { change, publishWhenDurable } from "./durable.js";
import { follow, stopPart } from "./parts.js";
import type { Execution, Turn } from "./state.js";

/** Whether the cancel was taken: it comes too late when the execution has ended. A second one changes nothing. */
export function cancelExecution(
  turn: Turn,
  execution: Execution,
  by: string,
  expired = false,
): boolean {
  if (isTerminal(execution.state)) return false;
  if (execution.state === "Cancelling") return true;
  execution.state = "Cancelling";
  execution.cancelledBy = by;
  execution.expired = expired;
  change(turn, execution, { type: "wishCancel", by, expired });
  publishWhenDurable(turn, execution, { kind: "CancelRequested", by });
  stopExecution(turn, execution);
  return true;
}

/** Stops what runs, as far as a cancel was wished; again after a restart or a reconnect. */
export function stopExecution(turn: Turn, execution: Execution): void {
  if (execution.stepper) return follow(turn, execution, execution.stepper.cancel());
  for (const part of execution.parts.values()) stopPart(turn, part);
}
