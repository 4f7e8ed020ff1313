import type { ConnectionId, EventNumber, PlanEvent } from "@planwire/protocol";
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
  keep(execution, message, turn.state.settings.maxEvents);
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

/** Progress keeps only the newest: it says all that the older ones said. */
function keep({ events }: Execution, message: PlanEvent, limit: number): void {
  const previous = events.kept.at(-1);
  if (previous && isProgressOfSame(previous, message)) events.kept.pop();
  events.kept.push(message);
  while (events.kept.length > limit) {
    // The first event, Accepted, is durable and stays.
    const [lost] = events.kept.splice(1, 1);
    if (!lost) return;
    events.lost = { from: events.lost?.from ?? lost.number, to: lost.number };
  }
}

function isProgressOfSame(a: PlanEvent, b: PlanEvent): boolean {
  if (a.event.kind !== "Worker" || b.event.kind !== "Worker") return false;
  const [one, other] = [a.event.event, b.event.event];
  return (
    one.event_type === "NodeProgress" &&
    other.event_type === "NodeProgress" &&
    one["node_id"] === other["node_id"] &&
    a.event.part_id === b.event.part_id
  );
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
  for (const message of missed(turn, execution, from)) {
    if (onlyOutcome && message.event.kind !== "Finished") continue;
    send(turn, conn, message, execution.planId);
  }
  if (execution.outcome) return;
  execution.watchers.set(conn, { onlyOutcome });
  connection.watches.add(execution.planId);
}

function missed(
  turn: Turn,
  { events, planId }: Execution,
  from: EventNumber | undefined,
): PlanEvent[] {
  const after = events.kept.filter(({ number }) => !from || isAfter(number, from));
  const gap = events.lost;
  if (!gap || (from && !isAfter(gap.to, from))) return after;
  const lost: PlanEvent = {
    type: "PlanEvent",
    plan_id: planId,
    number: gap.to,
    at: turn.now.wall,
    event: { kind: "EventsLost", ...gap },
  };
  const index = after.findIndex(({ number }) => isAfter(number, gap.to));
  return index === -1 ? [...after, lost] : after.toSpliced(index, 0, lost);
}

function isAfter([boot, n]: EventNumber, [otherBoot, other]: EventNumber): boolean {
  return boot > otherBoot || (boot === otherBoot && n > other);
}

export function unwatch(turn: Turn, conn: ConnectionId, planId: string): void {
  turn.state.executions.get(planId)?.watchers.delete(conn);
  turn.state.connections.get(conn)?.watches.delete(planId);
}
