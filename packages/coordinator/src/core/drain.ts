import { PlanwireError, type MessageOf } from "@planwire/protocol";
import { log, send, sendError } from "./send.js";
import type { Connection, Turn, WorkerSession } from "./state.js";
import { activeIn } from "./worker-status.js";

/** A client sends a worker away: no new work for it, and it leaves when it has finished what it holds. */
export function drainWorker(
  turn: Turn,
  connection: Connection,
  { request_id, worker_id, reason = "drained by a client" }: MessageOf<"Drain">,
): void {
  const worker = turn.state.workers.get(worker_id);
  if (!worker) return sendError(turn, connection, unknown(worker_id), { request_id });
  if (worker.dismissed === undefined) {
    worker.dismissed = reason;
    log(turn, "info", "worker is sent away", { workerId: worker_id, reason });
    tellDismissed(turn, worker);
  }
  send(turn, connection.id, { type: "Draining", request_id, worker_id, ...activeIn(worker) });
}

/** Now, or when it comes back to this very session. */
export function tellDismissed(turn: Turn, { conn, dismissed: reason }: WorkerSession): void {
  if (conn !== undefined && reason !== undefined) send(turn, conn, { type: "Shutdown", reason });
}

function unknown(workerId: string): PlanwireError {
  return new PlanwireError("WORKER_UNKNOWN", `no worker "${workerId}" is connected`, {
    hint: "`planwire workers` lists those that are",
  });
}
