import type { CallCounts } from "@planwire/protocol";
import type { CallOutcome, IsolateKind } from "./filter-call.js";
import type { WorkerState } from "./state.js";

/** Calls that have returned, by where they ran, since the worker started. */
export type ReturnedCalls = Map<IsolateKind, { completed: number; errored: number }>;

/** What never began is not counted. */
export function countReturned(
  { returned }: WorkerState,
  isolate: IsolateKind,
  { status }: CallOutcome,
): void {
  if (status === "dropped") return;
  const counts = returned.get(isolate) ?? { completed: 0, errored: 0 };
  counts[status === "done" ? "completed" : "errored"] += 1;
  returned.set(isolate, counts);
}

/** For heartbeats: of each kind of isolate that was used so far. */
export function callCounts({ calls, returned }: WorkerState): CallCounts[] {
  const inFlight = new Map<IsolateKind, number>();
  for (const { phase, filter } of calls.values()) {
    if (phase === "waiting") continue;
    inFlight.set(filter.isolate, (inFlight.get(filter.isolate) ?? 0) + 1);
  }
  const kinds = new Set([...returned.keys(), ...inFlight.keys()]);
  return [...kinds].map((isolate) => ({
    isolate,
    in_flight: inFlight.get(isolate) ?? 0,
    ...(returned.get(isolate) ?? { completed: 0, errored: 0 }),
  }));
}
