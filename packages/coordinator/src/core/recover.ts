import { partIdOf, signalOf, type StepResult } from "@planwire/plan";
import type { Value } from "@planwire/protocol";
import type { StoredAttempt, StoredExecution } from "../store/store.js";
import { stopExecution } from "./cancel.js";
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
import { GIVEN_BACK, isDisowned, LOST, loseAttempt, NEVER_ARRIVED } from "./results.js";
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
  retell(turn, execution, stored);
  for (const { lost } of stored.attempts) {
    if (lost !== undefined && !isDisowned(lost)) noteStop(execution, LOST);
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
  const { plan, kind, submittedAt, bytes, state, version, cut, cancelledBy } = stored;
  return {
    ...newExecution(plan, { kind, submittedAt, bytes }),
    state,
    version,
    cut,
    attempts: stored.attempts.length,
    lastWorker: stored.attempts.at(-1)?.workerId,
    cancelledBy,
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
  for (const leaf of open.leaves.values()) {
    if (leaf.kind === "cached") follow(turn, execution, { start: [leaf], cancel: [] });
    else {
      const part = leafPart(turn.state, execution, leaf);
      takeUp(turn, part, stored);
      if (open.unwanted.has(leaf.key)) stopPart(turn, part);
    }
  }
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

/** An assignment that was written waits for its worker; anything else is queued. */
function takeUp(turn: Turn, part: Part, stored: StoredExecution): void {
  const last = stored.attempts.findLast(({ partId }) => partId === part.partId);
  part.attempt = last?.attempt ?? 0;
  part.losses = stored.attempts.filter((one) => one.partId === part.partId && isLoss(one)).length;
  if (!last || last.lost !== undefined) {
    turn.agenda.push({ do: "dispatchPart", part });
    return;
  }
  part.workerId = last.workerId;
  const worker = awaited(turn, last);
  const { planId, kind } = part.execution;
  const { partId, attempt, incarnation, started } = last;
  const holding = newHolding({ planId, partId, attempt, incarnation, kind, streamId: undefined });
  holding.started = started;
  worker.held.set(partId, holding);
  // A result without an attempt belongs to the connection it was assigned on, and that one is gone.
  if (last.incarnation !== undefined) return;
  loseAttempt(turn, worker, holding, "the coordinator was restarted");
  turn.state.workers.delete(last.workerId);
}

function isLoss({ lost, started }: StoredAttempt): boolean {
  if (lost === undefined || lost === GIVEN_BACK) return false;
  return started || lost !== NEVER_ARRIVED;
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
