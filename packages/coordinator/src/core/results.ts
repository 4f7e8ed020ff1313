import { parsePartId } from "@planwire/plan";
import type { ConnectionId, PlanResult } from "@planwire/protocol";
import { change, emitWhenDurable, publishWhenDurable } from "./durable.js";
import { growBy } from "./ended.js";
import { send } from "./send.js";
import type { Execution, Holding, Part, Turn, WorkerSession } from "./state.js";
import { noteStop } from "./stop-how.js";

/** Why an attempt was lost that costs nothing; known again after a restart. */
export const GIVEN_BACK = "the worker gave it back";
export const NEVER_ARRIVED = "the worker did not have it";

/** What an attempt that was lost ended with, when its part is not tried again. */
export const LOST = { status: "Cancelled", duration_ms: 0, stopped: false, how: "lost" } as const;
const DISOWNED = { status: "Cancelled", duration_ms: 0, stopped: true, how: "queued" } as const;

/** Whether the worker said itself that it has the attempt no more: nothing of it can go on there. */
export function isDisowned(reason: string): boolean {
  return reason === GIVEN_BACK || reason === NEVER_ARRIVED;
}

export interface Answer {
  readonly partId: string;
  /** Absent from a peer that knows no attempts: it means the assignment made on that very connection. */
  readonly attempt: number | undefined;
  readonly result: PlanResult;
  /** Of the frame that it came in. */
  readonly bytes: number;
}

/** Takes one result per part; every other one is acknowledged and changes nothing. */
export function takeResult(turn: Turn, worker: WorkerSession, answer: Answer): void {
  const holding = holdingFor(worker, answer);
  if (!holding) return acknowledgeStale(turn, worker, answer);
  const { partId, attempt, planId } = holding;
  const execution = turn.state.executions.get(planId);
  const part = execution?.parts.get(partId);
  worker.held.delete(partId);
  worker.full = false;
  // What could not be stopped has its slot until a heartbeat says otherwise.
  if (answer.result.status === "Cancelled" && answer.result.stopped === false) {
    worker.otherSlots += 1;
  }
  if (execution && part && !holding.abandoned) {
    growBy(turn.state, execution, answer.bytes);
    change(turn, execution, { type: "takeResult", partId, attempt, result: answer.result });
    // First the acknowledgement: what follows may be told on the same connection.
    acknowledge(turn, part, worker, true);
    turn.agenda.push({ do: "endPart", part, result: answer.result });
  } else acknowledgeStale(turn, worker, answer);
  turn.agenda.push({ do: "fillSlots", worker });
}

function holdingFor({ held, features }: WorkerSession, answer: Answer): Holding | undefined {
  const holding = held.get(answer.partId);
  if (!holding) return undefined;
  const fits =
    answer.attempt === undefined ? !features.has("attempts") : answer.attempt === holding.attempt;
  return fits ? holding : undefined;
}

function acknowledge(turn: Turn, part: Part, worker: WorkerSession, taken: boolean): void {
  if (!worker.features.has("attempts") || worker.conn === undefined) return;
  const { partId: id, attempt, execution } = part;
  const message = { type: "ResultAck", id, attempt, taken } as const;
  emitWhenDurable(turn, execution, {
    type: "send",
    conn: worker.conn,
    message,
    cause: execution.planId,
  });
}

/** A second copy of a result that is being written must not be acknowledged before the first is on disk. */
function acknowledgeStale(turn: Turn, worker: WorkerSession, { partId, attempt }: Answer): void {
  const { conn, features } = worker;
  if (!features.has("attempts") || conn === undefined || attempt === undefined) return;
  const message = { type: "ResultAck", id: partId, attempt, taken: false } as const;
  const execution = turn.state.executions.get(planIdOf(partId));
  if (!execution) return send(turn, conn, message);
  emitWhenDurable(turn, execution, { type: "send", conn, message, cause: execution.planId });
}

/** A part's id begins with its plan's. */
function planIdOf(partId: string): string {
  return parsePartId(partId)?.planId ?? partId;
}

/** The worker lost an attempt, or never had it: the part is tried again, up to a limit. */
export function loseAttempt(
  turn: Turn,
  worker: WorkerSession,
  holding: Holding,
  reason: string,
  cost: "counts" | "free" = "counts",
): void {
  const { partId, attempt, planId, abandoned } = holding;
  worker.held.delete(partId);
  const execution = turn.state.executions.get(planId);
  const part = execution?.parts.get(partId);
  if (!execution || !part || abandoned) return;
  if (holding.started) change(turn, execution, { type: "started", partId, attempt });
  change(turn, execution, { type: "lose", partId, attempt, reason });
  publishWhenDurable(turn, execution, {
    kind: "AttemptLost",
    part_id: partId,
    attempt,
    worker_id: worker.workerId,
    reason,
  });
  part.workerId = undefined;
  part.lostBy = worker.workerId;
  if (cost === "counts") part.losses += 1;
  const result = isDisowned(reason) ? DISOWNED : LOST;
  noteStop(execution, result);
  if (execution.state === "Cancelling" || holding.stopping) {
    turn.agenda.push({ do: "endPart", part, result });
    return;
  }
  const mayRetry = part.losses < turn.state.settings.maxAttempts && isUnopened(turn, execution);
  turn.agenda.push(
    mayRetry
      ? { do: "dispatchPart", part }
      : { do: "endPart", part, result: lostForGood(worker, part.losses, reason) },
  );
}

/** A plan can begin anew; a stream only while its client has sent nothing. */
function isUnopened({ state }: Turn, { kind, streamId }: Execution): boolean {
  if (kind === "plan") return true;
  const run = streamId === undefined ? undefined : state.streams.get(streamId);
  if (run?.phase !== "begun") return false;
  run.phase = "queued";
  run.worker = undefined;
  return true;
}

function lostForGood({ workerId }: WorkerSession, attempts: number, reason: string): PlanResult {
  return {
    status: "Failed",
    error: `worker "${workerId}" was lost (${reason}), after ${attempts} ${attempts === 1 ? "try" : "tries"}`,
    duration_ms: 0,
    code: "WORKER_LOST",
    retryable: true,
    details: { workerId, attempts },
  };
}

/** The first leaf of an attempt has started. Written with what comes next of it: it needs no sync of its own. */
export function attemptStarted(
  turn: Turn,
  worker: WorkerSession,
  partId: string,
  attempt: number,
): void {
  const holding = worker.held.get(partId);
  const execution = holding && turn.state.executions.get(holding.planId);
  if (!execution || holding.attempt !== attempt || execution.outcome) return;
  holding.started = true;
}

/** The worker had no slot: the part waits again, and that try does not count. */
export function attemptRefused(
  turn: Turn,
  conn: ConnectionId,
  partId: string,
  attempt: number,
): void {
  const workerId = turn.state.connections.get(conn)?.workerId;
  const worker = workerId === undefined ? undefined : turn.state.workers.get(workerId);
  const holding = worker?.held.get(partId);
  if (!worker || holding?.attempt !== attempt) return;
  worker.full = true;
  loseAttempt(turn, worker, holding, GIVEN_BACK, "free");
}
