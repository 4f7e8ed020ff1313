import type { MessageOf } from "@planwire/protocol";
import { takeResult } from "../core/results.js";
import { workerOf } from "../core/sessions.js";
import type { Connection, Turn } from "../core/state.js";

export function planResult(
  turn: Turn,
  connection: Connection,
  message: MessageOf<"PlanResult">,
): void {
  const worker = workerOf(turn, connection.id);
  const { plan_id: partId, attempt, result } = message;
  if (worker) takeResult(turn, worker, { partId, attempt, result });
}
