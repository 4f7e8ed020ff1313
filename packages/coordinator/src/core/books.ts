import type { HeldAttempt, Heartbeat } from "@planwire/protocol";
import { loseUnknown } from "./lost-workers.js";
import { attemptStarted, planIdOf } from "./results.js";
import { send } from "./send.js";
import type { Connection, Holding, Turn, WorkerSession } from "./state.js";
import { tellToStop } from "./stop.js";

// What a worker holds, by its own word and by our books. What only one side holds is mended: an attempt that only the worker knows is
// cancelled there, one that it does not know is tried again. What has finished there has a result on its way, and is never compared.

/** So many heartbeats may come without a sign of an assignment before its worker is asked whether it handles anything. */
const MOST_MISSED = 2;

/** A worker came back: whatever it was given on an earlier connection it lists, or it never had it. */
export function compareAtReturn(
  turn: Turn,
  worker: WorkerSession,
  resume: readonly HeldAttempt[],
): void {
  const theirs = statesOf(resume);
  for (const holding of worker.held.values()) {
    const there = theirs.get(keyOf(holding.partId, holding.attempt));
    if (there === undefined) {
      loseUnknown(turn, worker, holding);
      continue;
    }
    seen(turn, worker, holding, there);
    holding.number = 0;
    if (holding.stopping) tellToStop(turn, worker, holding);
  }
  stopUnknown(turn, worker, resume);
}

/**
 * Compares what the worker must have handled: its assignment's number is at or below `handled`. Says whether it left one unhandled for too
 * long.
 */
export function compareAtHeartbeat(
  turn: Turn,
  worker: WorkerSession,
  connection: Connection,
  { handled, held }: Heartbeat,
): boolean {
  const heardBulk = connection.heardBulk;
  connection.heardBulk = false;
  if (handled === undefined || held === undefined) return false;
  const theirs = statesOf(held);
  let isDeaf = false;
  for (const holding of worker.held.values()) {
    const there = theirs.get(keyOf(holding.partId, holding.attempt));
    if (there !== undefined) seen(turn, worker, holding, there);
    if (there !== undefined || holding.number === undefined) continue;
    const wasHandled = holding.number <= handled;
    // A stream's end travels behind its chunks, and a heartbeat before them.
    if (wasHandled && holding.kind === "plan") {
      loseUnknown(turn, worker, holding);
      continue;
    }
    holding.missed = wasHandled && heardBulk ? 0 : holding.missed + 1;
    if (holding.missed < MOST_MISSED) continue;
    if (!wasHandled) isDeaf = true;
    else if (!isComplete(turn, holding)) loseUnknown(turn, worker, holding);
  }
  stopUnknown(turn, worker, held);
  return isDeaf;
}

/** `Started` may have been lost with a connection. */
function seen(turn: Turn, worker: WorkerSession, holding: Holding, there: State): void {
  const { partId, attempt } = holding;
  holding.missed = 0;
  if (there === "running") attemptStarted(turn, worker, partId, attempt);
}

/** The worker has ended the stream; its last results wait for the client's credit. */
function isComplete({ state }: Turn, { streamId }: Holding): boolean {
  const run = streamId === undefined ? undefined : state.streams.get(streamId);
  return run?.completed !== undefined;
}

/** What has finished there will be sent, and acknowledged. */
function stopUnknown(turn: Turn, worker: WorkerSession, theirs: readonly HeldAttempt[]): void {
  for (const { plan_id, attempt, state } of theirs) {
    const ours = worker.held.get(plan_id);
    if (ours?.attempt === attempt || state === "finished" || worker.conn === undefined) continue;
    if (isBeingWritten(turn, plan_id, attempt)) continue;
    send(turn, worker.conn, { type: "CancelPlan", plan_id, attempt });
  }
}

/**
 * A coordinator that starts before the loss is on disk finds the attempt held: it would take for the user's what the worker answers to this
 * cancel. The next heartbeat asks again.
 */
function isBeingWritten({ state }: Turn, partId: string, attempt: number): boolean {
  const execution = state.executions.get(planIdOf(partId));
  return [execution?.writing, execution?.next].some((pending) =>
    pending?.changes.some(
      (one) => "attempt" in one && one.partId === partId && one.attempt === attempt,
    ),
  );
}

/** What a worker holds by our books, as HeartbeatAck tells it. */
export function heldBy({ held }: WorkerSession): HeldAttempt[] {
  return [...held.values()].map(({ partId: plan_id, attempt, started }) => ({
    plan_id,
    attempt,
    state: started ? "running" : "assigned",
  }));
}

type State = HeldAttempt["state"];

export function statesOf(held: readonly HeldAttempt[]): ReadonlyMap<string, State> {
  return new Map(held.map(({ plan_id, attempt, state }) => [keyOf(plan_id, attempt), state]));
}

/** A worker may list two attempts of a part: an older one whose result is not acknowledged, and the one it runs. */
export function keyOf(partId: string, attempt: number): string {
  return `${attempt} ${partId}`;
}
