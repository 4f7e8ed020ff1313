import { emitWhenDurable } from "./durable.js";
import type { Part, Turn } from "./state.js";

/**
 * Asks the worker to stop a part. A worker of ours answers with a result. A peer of the inherited wire can't stop: its part ends at
 * once, and its slot stays taken until it answers or hangs up.
 */
export function stopHolding(turn: Turn, part: Part): void {
  const { state } = turn;
  const { execution, partId, attempt } = part;
  const worker = part.workerId === undefined ? undefined : state.workers.get(part.workerId);
  const holding = worker?.held.get(partId);
  if (!worker || !holding) return;
  if (worker.inherited) {
    holding.abandoned = true;
    tellInheritedStream(turn, part);
    const result = { status: "Cancelled", duration_ms: 0, how: "abandoned" } as const;
    turn.agenda.push({ do: "endPart", part, result });
    return;
  }
  // Its lease runs: it is told when it comes back.
  if (worker.conn === undefined) return;
  const message =
    execution.streamId === undefined
      ? ({ type: "CancelPlan", plan_id: partId, attempt } as const)
      : ({ type: "StreamCancel", stream_id: execution.streamId } as const);
  const effect = { type: "send", conn: worker.conn, message, cause: execution.planId } as const;
  emitWhenDurable(turn, execution, effect);
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
