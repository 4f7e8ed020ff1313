import type { MessageOf } from "@planwire/protocol";
import { fillSlots } from "../core/dispatch.js";
import { send } from "../core/send.js";
import { workerOf } from "../core/sessions.js";
import type { Connection, Turn } from "../core/state.js";

export function heartbeat(
  turn: Turn,
  connection: Connection,
  message: MessageOf<"Heartbeat">,
): void {
  const worker = workerOf(turn, connection.id);
  if (!worker) return;
  worker.load = message.load;
  worker.full = false;
  if (message.status !== undefined) {
    worker.draining = message.status === "draining" || message.status === "stopped";
  }
  if (worker.features.has("books")) {
    send(turn, connection.id, { type: "HeartbeatAck", handled: connection.heard });
  }
  fillSlots(turn, worker);
}
