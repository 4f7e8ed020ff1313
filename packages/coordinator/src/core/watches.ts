import type { ConnectionId, EventNumber, PlanEvent } from "@planwire/protocol";
import { keep, keptAfter } from "./event-ring.js";
import { send } from "./send.js";
import type { Execution, Turn } from "./state.js";

/** Numbers an event, keeps it in the bounded ring, and tells who watches. */
export function publish(
  turn: Turn,
  execution: Execution,
  event: PlanEvent["event"],
  at: number,
): void {
  const message: PlanEvent = {
    type: "PlanEvent",
    plan_id: execution.planId,
    number: nextNumber(turn),
    at,
    event,
  };
  keep(execution.events, message, turn.state.settings);
  const last = event.kind === "Finished";
  for (const [conn, { onlyOutcome }] of execution.watchers) {
    if (!onlyOutcome || last) send(turn, conn, message, execution.planId);
    if (last) turn.state.connections.get(conn)?.watches.delete(execution.planId);
  }
  if (last) execution.watchers.clear();
}

function nextNumber({ state }: Turn): EventNumber {
  return [state.boot, ++state.lastNumber.event];
}

/** Tells the events after `from` that are kept, and from now on those to come. */
export function watch(
  turn: Turn,
  execution: Execution,
  conn: ConnectionId,
  from: EventNumber | undefined,
  onlyOutcome: boolean,
): void {
  const connection = turn.state.connections.get(conn);
  if (!connection) return;
  const about = { plan_id: execution.planId, at: turn.now.wall };
  for (const message of keptAfter(execution.events, from, about)) {
    if (onlyOutcome && message.event.kind !== "Finished") continue;
    send(turn, conn, message, execution.planId);
  }
  // Decided is not told: an outcome on its way to the disk still has to reach this watcher.
  if (execution.events.kept.at(-1)?.event.kind === "Finished") return;
  execution.watchers.set(conn, { onlyOutcome });
  connection.watches.add(execution.planId);
}

export function unwatch(turn: Turn, conn: ConnectionId, planId: string): void {
  turn.state.executions.get(planId)?.watchers.delete(conn);
  turn.state.connections.get(conn)?.watches.delete(planId);
}
