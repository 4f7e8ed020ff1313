import { partIdOf, signalOf, type StepResult } from "@planwire/plan";
import type { Value } from "@planwire/protocol";
import type { StoredAttempt, StoredExecution, StoredLoss } from "../store/store.js";
import { longestBackoff } from "./backoff.js";
import { stopExecution } from "./cancel.js";
import { awaitDeadline } from "./deadlines.js";
import { durableEvents } from "./durable-events.js";
import { countLive } from "./ended.js";
import { finishAs } from "./executions.js";
import { newExecution, newHolding, newWorkerSession } from "./new-records.js";
import {
  beginParts,
  follow,
  inputOf,
  leafOutcomeOf,
  leafPart,
  partEnded,
  stepperFor,
  stopPart,
  wholePart,
} from "./parts.js";
import { isDisowned } from "./loss-reasons.js";
import { LOST } from "./results.js";
import { loseByRestart } from "./lost-workers.js";
import { countSetback, dispatchIn } from "./retries.js";
import { noteStop } from "./stop-how.js";
import type { Execution, Part, Turn, WorkerSession } from "./state.js";
import { publish } from "./watches.js";

/**
 * Takes up what a store held when its coordinator ended: outcomes are replayed in the order they were written, and every written
 * assignment has one full lease in which its worker may come back with it.
 */
export function recover(turn: Turn, stored: StoredExecution): void {
  const execution = executionOf(stored);
  turn.state.executions.set(execution.planId, execution);
  countLive(turn.state, execution);
  awaitDeadline(turn.state, execution);
  retell(turn, execution, stored);
  for (const { lost } of stored.attempts) {
    if (lost && !isDisowned(lost.reason)) noteStop(execution, LOST);
  }
  if (execution.kind === "stream") return endLostStream(turn, execution);
  if (!stored.cut) beginParts(turn, execution);
  else if (stored.cut.kind === "whole") recoverWhole(turn, execution, stored);
  else recoverCut(turn, execution, stored);
  if (execution.state === "Cancelling") stopExecution(turn, execution);
}

/** The durable events, under new numbers: who watches was told that the old ones are lost. */
function retell(turn: Turn, execution: Execution, stored: StoredExecution): void {
  for (const { event, at = turn.now.wall } of durableEvents(stored)) {
    publish(turn, execution, event, at);
  }
}

function executionOf(stored: StoredExecution): Execution {
  const { plan, kind, submittedAt, bytes, state, version, cut } = stored;
  const { cancelledBy, expired } = stored;
  return {
    ...newExecution(plan, { kind, submittedAt, bytes }),
    state,
    version,
    cut,
    cutIsWritten: cut !== undefined,
    attempts: stored.attempts.length,
    lastWorker: stored.attempts.at(-1)?.workerId,
    cancelledBy,
    expired,
    isRecovered: true,
  };
}

/** Nobody keeps a stream's chunks while the coordinator is away. */
function endLostStream(turn: Turn, execution: Execution): void {
  const error = {
    code: "CONNECTION_LOST",
    message: "the coordinator was restarted while the stream was open",
    retryable: true,
  };
  finishAs(turn, execution, { status: "Failed", error });
}

function recoverWhole(turn: Turn, execution: Execution, stored: StoredExecution): void {
  const partId = partIdOf(execution.planId, "");
  const part = wholePart(turn.state, execution, partId);
  const result = stored.attempts.find((attempt) => attempt.result)?.result;
  if (result) return partEnded(turn, part, result);
  takeUp(turn, part, stored);
}

/** Replays the outcomes; the leaves that are then open are parts, assigned or queued as they were. */
function recoverCut(turn: Turn, execution: Execution, stored: StoredExecution): void {
  const stepper = stepperFor(turn.state, execution, stored.cut ?? { kind: "leaves" });
  execution.stepper = stepper;
  const input = inputOf(execution.plan);
  const open: OpenLeaves = { leaves: new Map(), unwanted: new Set() };
  let end = note(open, stepper.begin(input, input && signalOf(input)));
  for (const partId of stored.takenOrder) {
    const leaf = [...open.leaves.values()].find(
      ({ key }) => partIdOf(execution.planId, key) === partId,
    );
    const result = stored.attempts.findLast((one) => one.partId === partId && one.result)?.result;
    if (!leaf || !result || end) continue;
    open.leaves.delete(leaf.key);
    noteStop(execution, result);
    end = note(open, stepper.complete(leaf.key, leafOutcomeOf(result)));
  }
  if (end) return follow(turn, execution, { start: [], cancel: [], end });
  const leaves = [...open.leaves.values()];
  for (const leaf of leaves.filter(({ kind }) => kind !== "cached")) {
    const part = leafPart(turn.state, execution, leaf);
    takeUp(turn, part, stored);
    if (open.unwanted.has(leaf.key)) stopPart(turn, part);
  }
  const cached = leaves.filter(({ kind }) => kind === "cached");
  follow(turn, execution, { start: cached, cancel: [] });
}

interface OpenLeaves {
  readonly leaves: Map<string, StepResult<Value>["start"][number]>;
  /** Keys of those that the walk stopped: the others of a failed arm. */
  readonly unwanted: Set<string>;
}

function note(open: OpenLeaves, step: StepResult<Value>): StepResult<Value>["end"] {
  for (const leaf of step.start) open.leaves.set(leaf.key, leaf);
  for (const key of step.cancel) open.unwanted.add(key);
  return step.end;
}

/** An assignment that was written waits for its worker; anything else is queued, when its time has come. */
function takeUp(turn: Turn, part: Part, stored: StoredExecution): void {
  const attempts = stored.attempts.filter(({ partId }) => partId === part.partId);
  for (const { attempt, workerId, lost } of attempts) {
    part.attempt = attempt;
    part.workerId = workerId;
    if (lost) countSetback(part, lost).alone = lost.alone;
  }
  const last = attempts.at(-1);
  if (!last || last.lost) {
    part.workerId = undefined;
    return dispatchIn(turn, part, restOf(turn, part, last?.lost));
  }
  const worker = awaited(turn, last);
  const { planId, kind } = part.execution;
  const { partId, attempt, incarnation, started } = last;
  const alone = part.setbacks?.alone ?? false;
  const about = { planId, partId, attempt, incarnation, kind, streamId: undefined, alone };
  const holding = newHolding(about);
  holding.started = started;
  holding.isRecorded = started;
  worker.held.set(partId, holding);
  if (alone) worker.keptFor = part;
  // A result without an attempt belongs to the connection it was assigned on, and that one is gone.
  if (last.incarnation !== undefined) return;
  loseByRestart(turn, worker, holding);
  turn.state.workers.delete(last.workerId);
}

/** What is left of its wait by the wall clock, which may have been set: never more than any wait takes. */
function restOf({ state, now }: Turn, part: Part, lost: StoredLoss | undefined): number {
  if (!lost) return 0;
  return Math.min(lost.retryAt - now.wall, longestBackoff(state.settings, part.execution));
}

/** A worker that held something when the coordinator ended, and may come back within a lease. */
function awaited({ state, now }: Turn, { workerId, incarnation }: StoredAttempt): WorkerSession {
  const known = state.workers.get(workerId);
  if (known) return known;
  const worker = newWorkerSession(workerId, incarnation, now.mono);
  worker.heartbeats = true;
  worker.lostAt = now.mono;
  state.workers.set(workerId, worker);
  state.sweepAt ??= now.mono;
  return worker;
}
