import { emitWhenDurable } from "./durable.js";
import { send } from "./send.js";
import type { Holding, Part, Turn, WorkerSession } from "./state.js";

/**
 * Asks the worker to stop a part. A worker of ours answers with a result. A peer of the inherited wire can't stop: its part ends at
 * once, and its slot stays taken until it answers or hangs up.
 */
export function stopHolding(turn: Turn, part: Part): void {
  const { partId } = part;
  const worker = part.workerId === undefined ? undefined : turn.state.workers.get(part.workerId);
  const holding = worker?.held.get(partId);
  if (!worker || !holding) return;
  if (worker.inherited) {
    holding.abandoned = true;
    tellInheritedStream(turn, part);
    const how = { stopped: false, how: "abandoned" } as const;
    const result = { status: "Cancelled", duration_ms: 0, ...how } as const;
    turn.agenda.push({ do: "endPart", part, result });
    return;
  }
  holding.stopping = true;
  tellToStop(turn, worker, holding);
}

/** Told once the wish is written; a worker whose lease runs without a socket is told when it comes back. */
export function tellToStop(turn: Turn, worker: WorkerSession, holding: Holding): void {
  const { conn } = worker;
  if (conn === undefined) return;
  const { planId: cause, partId: plan_id, attempt, streamId } = holding;
  const message =
    streamId === undefined
      ? ({ type: "CancelPlan", plan_id, attempt } as const)
      : ({ type: "StreamCancel", stream_id: streamId } as const);
  const execution = turn.state.executions.get(cause);
  if (!execution) return send(turn, conn, message, cause);
  emitWhenDurable(turn, execution, { type: "send", conn, message, cause });
}

/** Its end frees the stream there, after which it answers. */
function tellInheritedStream(turn: Turn, { execution, workerId }: Part): void {
  const { streamId } = execution;
  const conn = workerId === undefined ? undefined : turn.state.workers.get(workerId)?.conn;
  const run = streamId === undefined ? undefined : turn.state.streams.get(streamId);
  if (streamId === undefined || conn === undefined || !run || run.input.ended) return;
  run.input.ended = true;
  turn.out.push({ type: "sendBulk", conn, message: { type: "StreamEnd", stream_id: streamId } });
}
