import { cutFor } from "@planwire/plan";
import { isPlanwireError } from "@planwire/protocol";
import { nextAttempt } from "./attempt-numbers.js";
import { change, emitWhenDurable, publishWhenDurable } from "./durable.js";
import { bestWorker, dequeue, enqueue, keepOne, nextPartFor } from "./lanes.js";
import { newHolding } from "./new-records.js";
import { unsendable } from "./parts.js";
import { lowered } from "./send.js";
import { assignStream, streamBegin } from "./streams.js";
import { freeSlots } from "./slots.js";
import type { Part, Turn, WorkerSession } from "./state.js";
import { placeFree } from "./worker-groups.js";

/** Gives a part to a worker with a free slot, or queues it. */
export function dispatchPart(turn: Turn, part: Part): void {
  const { parts, outcome } = part.execution;
  if (outcome || parts.get(part.partId) !== part) return; // it was stopped before it could start
  const lane = enqueue(turn.state, part);
  const worker = bestWorker(turn.state, lane, part);
  if (worker) assign(turn, part, worker);
  else keepOne(turn.state, lane, part);
}

/** Gives a worker what waited longest, as long as it has free slots. */
export function fillSlots(turn: Turn, worker: WorkerSession): void {
  while (turn.state.queued > 0 && freeSlots(worker) > 0) {
    const part = nextPartFor(turn.state, worker);
    if (!part) break;
    assign(turn, part, worker);
  }
  placeFree(worker);
}

function assign(turn: Turn, part: Part, worker: WorkerSession): void {
  const { state } = turn;
  const { execution, partId } = part;
  dequeue(turn, part);
  if (mustBeCutFor(part, worker)) {
    execution.parts.delete(partId);
    turn.agenda.push({ do: "walkByLeaves", execution });
    return;
  }
  const connection = worker.conn === undefined ? undefined : state.connections.get(worker.conn);
  if (!connection) return;
  part.attempt = nextAttempt(state, part);
  const { attempt } = part;
  const stream =
    execution.streamId === undefined ? undefined : state.streams.get(execution.streamId);
  let message;
  try {
    message = lowered(
      connection,
      stream ? streamBegin(stream, part) : { type: "AssignPlan", plan: part.plan, attempt },
    );
  } catch (error) {
    if (!isPlanwireError(error)) throw error;
    turn.agenda.push({ do: "endPart", part, result: unsendable(error) });
    return;
  }
  execution.cut ??= { kind: "whole" };
  const cut = execution.cutIsWritten ? undefined : execution.cut;
  execution.cutIsWritten = true;
  execution.attempts += 1;
  execution.lastWorker = worker.workerId;
  if (execution.state === "Queued") execution.state = "Running";
  part.workerId = worker.workerId;
  const { planId, kind, streamId } = execution;
  const { incarnation } = worker;
  const alone = part.setbacks?.alone ?? false;
  const about = { planId, partId, attempt, incarnation, kind, streamId, alone };
  const holding = newHolding(about);
  // A peer of the inherited wire never says that it started.
  holding.started = worker.inherited;
  worker.held.set(partId, holding);
  placeFree(worker);
  if (alone) worker.keptFor = part;
  change(turn, execution, {
    type: "assign",
    partId,
    attempt,
    workerId: worker.workerId,
    incarnation,
    cut,
  });
  publishWhenDurable(turn, execution, {
    kind: "AttemptStarted",
    part_id: partId,
    attempt,
    worker_id: worker.workerId,
  });
  // A StreamBegin is control, too: as bulk, the cancel that means it could overtake it.
  const effect = { type: "send", conn: connection.id, message, cause: execution.planId } as const;
  emitWhenDurable(turn, execution, effect);
  if (stream) assignStream(turn, stream, worker);
}

/** A tree means something else to a peer of the inherited wire: it gets single nodes, but for a plain row of them. */
function mustBeCutFor({ execution, leaf, plan }: Part, worker: WorkerSession): boolean {
  if (!worker.inherited || leaf || execution.kind === "stream") return false;
  return cutFor(plan, { inherited: true }).kind === "leaves";
}
