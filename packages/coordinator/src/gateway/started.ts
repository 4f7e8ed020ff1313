import type { MessageOf } from "@planwire/protocol";
import { attemptStarted } from "../core/results.js";
import { workerOf } from "../core/sessions.js";
import type { Connection, Turn } from "../core/state.js";

export function started(turn: Turn, connection: Connection, message: MessageOf<"Started">): void {
  const worker = workerOf(turn, connection.id);
  if (!worker) return;
  attemptStarted(turn, worker, message.plan_id, message.attempt);
  for (const [partId, attempt] of message.also ?? []) attemptStarted(turn, worker, partId, attempt);
}
