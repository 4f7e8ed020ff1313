import type { EventNumber, PlanEvent } from "@planwire/protocol";
import type { StoredExecution } from "../store/store.js";
import { fallBehind } from "./behind.js";
import { durableEvents } from "./durable-events.js";
import { send } from "./send.js";
import type { Connection, Turn } from "./state.js";
import type { Behind } from "./watch-state.js";

/** Of what has left memory the durable events are told, under new numbers, and in the place of all others that they are lost. */
export function watchEnded(
  turn: Turn,
  connection: Connection,
  stored: StoredExecution,
  behind: Behind,
): void {
  const { planId: plan_id, finishedAt = turn.now.wall } = stored;
  connection.behind.delete(plan_id);
  if (connection.blocked) return fallBehind(turn, connection, plan_id, behind);
  const { lastNumber, boot } = turn.state;
  const tell = (number: EventNumber, at: number, event: PlanEvent["event"]) =>
    send(turn, connection.id, { type: "PlanEvent", plan_id, number, at, event }, plan_id);
  if (!behind.onlyOutcome) {
    const { from = [1, 1] } = behind;
    const to: EventNumber = [boot, lastNumber.event];
    tell(to, finishedAt, { kind: "EventsLost", from, to });
  }
  for (const { event, at = finishedAt } of durableEvents(stored)) {
    if (behind.onlyOutcome && event.kind !== "Finished") continue;
    tell([boot, ++lastNumber.event], at, event);
  }
}
