import type { MessageOf } from "@planwire/protocol";
import { takeResult } from "../core/results.js";
import { workerOf } from "../core/sessions.js";
import { toldByWorker } from "../core/told-by-worker.js";
import type { Connection, Turn } from "../core/state.js";

export function planResult(
  turn: Turn,
  connection: Connection,
  message: MessageOf<"PlanResult">,
  bytes: number,
): void {
  const worker = workerOf(turn, connection.id);
  const { plan_id: partId, attempt, result, events, ran } = message;
  if (!worker) return;
  if (events || ran) toldByWorker(turn, worker, { partId, attempt, events, ran });
  takeResult(turn, worker, { partId, attempt, result, bytes });
}
