import type { MessageOf } from "@planwire/protocol";
import { workerOf } from "../core/sessions.js";
import type { Connection, Turn } from "../core/state.js";
import { publish } from "../core/watches.js";

/** What a worker tells of a run goes on to who watches, while it holds that very attempt. */
export function workerEvent(turn: Turn, connection: Connection, message: MessageOf<"Event">): void {
  const worker = workerOf(turn, connection.id);
  const holding = worker?.held.get(message.plan_id);
  if (!worker || !holding || holding.abandoned) return;
  if (message.attempt !== undefined && message.attempt !== holding.attempt) return;
  const execution = turn.state.executions.get(holding.planId);
  if (!execution || execution.outcome) return;
  const { partId: part_id, attempt } = holding;
  const { workerId: worker_id } = worker;
  const event = { kind: "Worker", part_id, attempt, worker_id, event: message.event } as const;
  publish(turn, execution, event, turn.now.wall);
}
