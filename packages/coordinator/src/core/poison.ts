import type { Death, JsonValue, PlanResult } from "@planwire/protocol";
import type { Part } from "./state.js";

/** The end of a part that killed what it ran in too often to be handed to a further one, with each death by name. */
export function poisoned({ partId }: Part, deaths: readonly Death[]): PlanResult {
  return {
    status: "Failed",
    error: `${deaths.length} isolates or workers died under it: ${deaths.map(tell).join("; ")}`,
    duration_ms: 0,
    code: "POISON_PLAN",
    retryable: false,
    details: { partId, deaths: deaths.map(detailOf) },
    hint: "look at what its filters do to their process: memory, native code, process.exit",
  };
}

function tell({ attempt, workerId, what, reason }: Death): string {
  const who = what === "worker" ? `worker "${workerId}"` : `an isolate of worker "${workerId}"`;
  return `${who} under attempt ${attempt} (${reason})`;
}

function detailOf({ attempt, workerId, what, reason }: Death): JsonValue {
  return { attempt, workerId, what, reason };
}
