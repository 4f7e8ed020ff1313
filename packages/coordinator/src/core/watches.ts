import type { ConnectionId, EventNumber, PlanEvent, RanNode } from "@planwire/protocol";
import { before, fallBehind } from "./behind.js";
import { countOf, eventsIn, eventsOf, isAfter, keep, keptAfter, newRing } from "./event-ring.js";
import { send } from "./send.js";
import type { Connection, CoreState, Execution, Turn } from "./state.js";
import type { RanNodes, Watcher } from "./watch-state.js";

/** Numbers an event, keeps it in the bounded ring, and tells who watches. */
export function publish(
  turn: Turn,
  execution: Execution,
  event: PlanEvent["event"],
  at: number,
): void {
  const { state } = turn;
  const number: EventNumber = [state.boot, ++state.lastNumber.event];
  const message: PlanEvent = { type: "PlanEvent", plan_id: execution.planId, number, at, event };
  if (event.kind === "Accepted") [, execution.acceptedAs] = number;
  else {
    execution.events ??= newRing(lostBefore(state, execution));
    keep(execution.events, message, state.settings);
  }
  const last = event.kind === "Finished";
  for (const watcher of execution.watchers ?? []) tellWatcher(turn, watcher, message);
  if (last) execution.watchers = undefined;
}

/** As if each of a node's two events had been published; they are made only for who watches now, or asks later. */
export function publishRan(
  turn: Turn,
  execution: Execution,
  about: RanNodes["about"],
  ran: readonly RanNode[],
): void {
  if (ran.length === 0) return;
  const { state, now } = turn;
  const { planId: plan_id } = execution;
  const number: EventNumber = [state.boot, state.lastNumber.event + 1];
  state.lastNumber.event += countOf(ran);
  const nodes: RanNodes = { type: "RanNodes", plan_id, number, at: now.wall, about, ran };
  execution.events ??= newRing(lostBefore(state, execution));
  keep(execution.events, nodes, state.settings);
  const watchers = execution.watchers?.filter(({ onlyOutcome }) => !onlyOutcome) ?? [];
  if (watchers.length === 0) return;
  for (const message of eventsOf(nodes)) {
    for (const watcher of watchers) tellWatcher(turn, watcher, message);
  }
}

function tellWatcher(turn: Turn, { conn, onlyOutcome }: Watcher, message: PlanEvent): void {
  const { plan_id: planId, number } = message;
  const connection = turn.state.connections.get(conn);
  if (!connection) return;
  const last = message.event.kind === "Finished";
  if (last) connection.watches.delete(planId);
  if (onlyOutcome && !last) return;
  if (connection.behind.has(planId)) return;
  if (!connection.blocked) return send(turn, conn, message, planId);
  fallBehind(turn, connection, planId, { from: before(number), onlyOutcome });
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
  connection.behind.delete(execution.planId);
  const finished = finishedEvent(execution);
  if (connection.blocked) {
    fallBehind(turn, connection, execution.planId, { from, onlyOutcome });
  } else if (!onlyOutcome) {
    for (const message of eventsAfter(turn, execution, from)) {
      send(turn, conn, message, execution.planId);
    }
  } else if (finished && (!from || isAfter(finished.number, from))) {
    send(turn, conn, finished, execution.planId);
  }
  // Decided is not told: an outcome on its way to the disk still has to reach this watcher.
  if (finished) return;
  dropWatcher(execution, conn);
  const watcher = { conn, onlyOutcome };
  if (execution.watchers) execution.watchers.push(watcher);
  else execution.watchers = [watcher];
  connection.watches.add(execution.planId);
}

/** It is told every event, now or when it has caught up, not the outcome alone. */
export function watchesAll(
  { id, behind }: Connection,
  planId: string,
  watchers: readonly Watcher[] = [],
): boolean {
  const isBehind = behind.get(planId)?.onlyOutcome === false;
  return isBehind || watchers.some(({ conn, onlyOutcome }) => conn === id && !onlyOutcome);
}

/** After a restart whatever was told before is lost, and what is durable is told again. */
function lostBefore(state: CoreState, { isRecovered }: Execution) {
  return isRecovered ? state.lostBefore : undefined;
}

/** It is the last one. */
function finishedEvent({ events }: Execution): PlanEvent | undefined {
  const last = events?.kept.at(-1);
  return last?.type === "PlanEvent" && last.event.kind === "Finished" ? last : undefined;
}

/** All that is kept of those after `from`, the Accepted that is made anew among them. */
function eventsAfter(
  { state, now }: Turn,
  execution: Execution,
  from: EventNumber | undefined,
): PlanEvent[] {
  const { planId: plan_id, acceptedAs, submittedAt, events } = execution;
  const kept = events ? eventsIn(events) : [];
  if (acceptedAs !== undefined) {
    const number: EventNumber = [state.boot, acceptedAs];
    const event = { kind: "Accepted" } as const;
    kept.unshift({ type: "PlanEvent", plan_id, number, at: submittedAt, event });
  }
  const lost = events?.lost ?? lostBefore(state, execution);
  return keptAfter(kept, lost, from, { plan_id, at: now.wall });
}

export function unwatch(turn: Turn, conn: ConnectionId, planId: string): void {
  const execution = turn.state.executions.get(planId);
  if (execution) dropWatcher(execution, conn);
  const connection = turn.state.connections.get(conn);
  connection?.watches.delete(planId);
  connection?.behind.delete(planId);
}

export function dropWatcher(execution: Execution, conn: ConnectionId): void {
  const index = execution.watchers?.findIndex((watcher) => watcher.conn === conn) ?? -1;
  if (index !== -1) execution.watchers?.splice(index, 1);
  if (execution.watchers?.length === 0) execution.watchers = undefined;
}
