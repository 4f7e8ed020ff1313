import type { PlanResult, StopHow } from "@planwire/protocol";
import type { Execution } from "./state.js";
import type { Ending } from "./task.js";

const HARDNESS: Record<StopHow, number> = {
  queued: 0,
  signal: 1,
  killed: 2,
  lost: 3,
  abandoned: 4,
};

/** Of an execution's parts, the one that was hardest to stop says how the execution stopped. */
export function noteStop(execution: Execution, result: PlanResult): void {
  if (result.status !== "Cancelled") return;
  const how = howOf(result);
  const before = execution.stoppedHow;
  if (before === undefined || HARDNESS[how] > HARDNESS[before]) execution.stoppedHow = how;
}

function howOf({ how = "signal", stopped = true }: Extract<PlanResult, { status: "Cancelled" }>) {
  return stopped || how === "lost" ? how : "abandoned";
}

export function cancelledEnding({ stoppedHow: how }: Execution): Ending {
  const stopped = how !== "abandoned" && how !== "lost";
  return { status: "Cancelled", stopped, ...(how !== undefined && { how }) };
}
