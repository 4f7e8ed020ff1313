import { parsePartId } from "@planwire/plan";
import type { ConnectionId, PlanResult } from "@planwire/protocol";
import { change, emitWhenDurable, publishWhenDurable } from "./durable.js";
import { growBy } from "./ended.js";
import { GIVEN_BACK, isDisowned } from "./loss-reasons.js";
import { endWith, retryableFailure, tryAgain, type LostAttempt } from "./retries.js";
import { send } from "./send.js";
import type { Settings } from "./settings.js";
import type { Execution, Holding, Part, Turn, WorkerSession } from "./state.js";
import { goesOn, noteStop } from "./stop-how.js";

/** What an attempt that was lost ended with, when its part is not tried again. */
export const LOST = { status: "Cancelled", duration_ms: 0, stopped: false, how: "lost" } as const;
const DISOWNED = { status: "Cancelled", duration_ms: 0, stopped: true, how: "queued" } as const;

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
  const { partId, planId } = holding;
  const part = turn.state.executions.get(planId)?.parts.get(partId);
  worker.held.delete(partId);
  worker.full = false;
  // What could not be stopped has its slot until a heartbeat says otherwise.
  if (goesOn(answer.result)) worker.otherSlots += 1;
  if (part && !holding.abandoned) takeFirst(turn, worker, part, holding, answer);
  else acknowledgeStale(turn, worker, answer);
  turn.agenda.push({ do: "fillSlots", worker });
}

/** The answer of the attempt that counts: the part's result, or a reason to try it again. */
function takeFirst(
  turn: Turn,
  worker: WorkerSession,
  part: Part,
  holding: Holding,
  answer: Answer,
): void {
  const { bytes } = answer;
  const result = tooMuch(turn.state.settings, part, answer) ?? answer.result;
  noteStop(part.execution, result);
  const failure = isUnwanted(part, holding) ? undefined : retryableFailure(part, result);
  const isTriedAgain = failure
    ? tryAgain(turn, part, failure, result)
    : endWith(turn, part, result);
  if (!isTriedAgain) growBy(turn.state, part.execution, bytes);
  // First the acknowledgement: what follows may be told on the same connection.
  acknowledge(turn, part, worker, !isTriedAgain);
  if (failure && isTriedAgain) tellLost(turn, part, worker, failure.reason);
}

/** The results of a walked plan are kept until it ends, however often its loops go round. */
function tooMuch({ maxLiveBytes }: Settings, part: Part, answer: Answer): PlanResult | undefined {
  const bytes = part.execution.bytes + answer.bytes;
  if (!part.leaf || answer.result.status !== "Success" || bytes <= maxLiveBytes) return undefined;
  const error = `the results of its parts take ${bytes} bytes together, expected at most ${maxLiveBytes}`;
  const details = { bytes, limit: maxLiveBytes };
  return { status: "Failed", error, duration_ms: 0, code: "MESSAGE_TOO_LARGE", details };
}

function holdingFor({ held, features }: WorkerSession, answer: Answer): Holding | undefined {
  const holding = held.get(answer.partId);
  if (!holding) return undefined;
  if (answer.attempt !== undefined) {
    return answer.attempt === holding.attempt ? holding : undefined;
  }
  // An assignment that has not left yet nobody has answered: what comes is of an earlier connection.
  const isMeant = !features.has("attempts") && holding.number !== undefined;
  return isMeant ? holding : undefined;
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
export function planIdOf(partId: string): string {
  return parsePartId(partId)?.planId ?? partId;
}

/** The worker lost an attempt, or never had it: the part is tried again, up to a limit. One that was to be stopped has stopped. */
export function loseAttempt(
  turn: Turn,
  worker: WorkerSession,
  holding: Holding,
  lost: LostAttempt,
): void {
  const { partId, planId, abandoned } = holding;
  worker.held.delete(partId);
  const execution = turn.state.executions.get(planId);
  const part = execution?.parts.get(partId);
  if (!execution || !part || abandoned) return;
  recordStart(turn, execution, holding);
  const stopped = isDisowned(lost.reason) ? DISOWNED : LOST;
  noteStop(execution, stopped);
  const last = lostForGood(worker, part, lost);
  if (isUnwanted(part, holding)) return void endWith(turn, part, stopped);
  if (!isUnopened(turn, execution)) return void endWith(turn, part, last);
  if (tryAgain(turn, part, lost, last)) tellLost(turn, part, worker, lost.reason);
}

/** It is being stopped, or will be before this step ends. */
function isUnwanted({ execution }: Part, { stopping }: Holding): boolean {
  return stopping || execution.state === "Cancelling";
}

function tellLost(
  turn: Turn,
  { execution, partId: part_id, attempt }: Part,
  { workerId: worker_id }: WorkerSession,
  reason: string,
): void {
  const event = { kind: "AttemptLost", part_id, attempt, worker_id, reason } as const;
  publishWhenDurable(turn, execution, event);
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

/** What a part ends with when this loss is its last. */
function lostForGood(
  { workerId }: WorkerSession,
  { setbacks }: Part,
  { reason }: LostAttempt,
): PlanResult {
  const attempts = (setbacks?.tries ?? 0) + 1;
  return {
    status: "Failed",
    error: `worker "${workerId}" was lost (${reason}), after ${attempts} ${attempts === 1 ? "try" : "tries"}`,
    duration_ms: 0,
    code: "WORKER_LOST",
    retryable: true,
    details: { workerId, attempts },
  };
}

/** The first leaf of an attempt has started. */
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

/** Writes which attempts have started, of those that still run: what ends sooner costs no write of its own. */
export function recordStarts(turn: Turn, { held }: WorkerSession): void {
  for (const holding of held.values()) {
    const execution = holding.abandoned ? undefined : turn.state.executions.get(holding.planId);
    if (execution) recordStart(turn, execution, holding);
  }
}

function recordStart(turn: Turn, execution: Execution, holding: Holding): void {
  if (!holding.started || holding.isRecorded) return;
  holding.isRecorded = true;
  const { partId, attempt } = holding;
  change(turn, execution, { type: "started", partId, attempt });
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
  const about = { cost: "nothing", isSuspect: false, atOnce: true } as const;
  loseAttempt(turn, worker, holding, { reason: GIVEN_BACK, ...about });
}
