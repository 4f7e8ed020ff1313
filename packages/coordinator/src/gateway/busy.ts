import type { MessageOf } from "@planwire/protocol";
import { attemptRefused } from "../core/results.js";
import type { Connection, Turn } from "../core/state.js";

/** An assignment came back unrun: the worker had no slot, or was asked for it (`Recalled`). */
export function busy(
  turn: Turn,
  connection: Connection,
  { plan_id, attempt }: MessageOf<"Busy" | "Recalled">,
): void {
  attemptRefused(turn, connection.id, plan_id, attempt);
}
