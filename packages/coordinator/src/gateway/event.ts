import type { MessageOf } from "@planwire/protocol";
import { toldByWorker } from "../core/told-by-worker.js";
import { workerOf } from "../core/sessions.js";
import type { Connection, Turn } from "../core/state.js";

export function workerEvent(turn: Turn, connection: Connection, message: MessageOf<"Event">): void {
  const worker = workerOf(turn, connection.id);
  const { plan_id: partId, attempt, event } = message;
  if (worker) toldByWorker(turn, worker, { partId, attempt, events: [event] });
}
