import type { MessageOf } from "@planwire/protocol";
import { compareAtHeartbeat, heldBy } from "../core/books.js";
import { probeDeaf } from "../core/deaf.js";
import { fillSlots } from "../core/dispatch.js";
import { send } from "../core/send.js";
import { workerOf } from "../core/sessions.js";
import type { Connection, Turn, WorkerSession } from "../core/state.js";

export function heartbeat(
  turn: Turn,
  connection: Connection,
  message: MessageOf<"Heartbeat">,
): void {
  const worker = workerOf(turn, connection.id);
  if (!worker) return;
  note(turn, worker, message);
  const isDeaf = compareAtHeartbeat(turn, worker, connection, message);
  if (isDeaf) probeDeaf(turn, worker, connection);
  if (worker.features.has("books")) {
    const held = heldBy(worker);
    send(turn, connection.id, { type: "HeartbeatAck", handled: connection.heard, held });
  }
  fillSlots(turn, worker);
}

/** What it says of itself. */
function note({ now }: Turn, worker: WorkerSession, message: MessageOf<"Heartbeat">): void {
  const { load, status, other_slots = 0, calls = [], main_blocked_ms } = message;
  worker.load = load;
  worker.full = false;
  worker.otherSlots = other_slots;
  worker.calls = calls;
  worker.blockedSince = main_blocked_ms === undefined ? undefined : now.mono - main_blocked_ms;
  if (status !== undefined) worker.draining = status === "draining" || status === "stopped";
}
