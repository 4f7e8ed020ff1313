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
  const how = howOf(result);
  if (how === undefined) return;
  const before = execution.stoppedHow;
  if (before === undefined || HARDNESS[how] > HARDNESS[before]) execution.stoppedHow = how;
}

/** Something of it could not be stopped, and holds its slot until it ends. */
export function goesOn(result: PlanResult): boolean {
  return result.status !== "Success" && result.stopped === false;
}

function howOf(result: PlanResult): StopHow | undefined {
  if (result.status === "Cancelled" && result.how === "lost") return "lost";
  if (goesOn(result)) return "abandoned";
  return result.status === "Cancelled" ? (result.how ?? "signal") : undefined;
}

export function cancelledEnding({ stoppedHow: how }: Execution): Ending {
  const stopped = how !== "abandoned" && how !== "lost";
  return { status: "Cancelled", stopped, ...(how !== undefined && { how }) };
}
