import { PROTOCOL_VERSION, sharedFeatures, type MessageOf } from "@planwire/protocol";
import { closeWith, send } from "../core/send.js";
import { awaitClients } from "../core/silent-clients.js";
import type { Connection, Turn } from "../core/state.js";

/** Opens a client's connection. */
export function hello(turn: Turn, connection: Connection, message: MessageOf<"Hello">): void {
  const { settings, historyId: history_id } = turn.state;
  const { protocol_version } = message;
  if (protocol_version < 1) {
    const text = `protocol version ${protocol_version} is not spoken here, expected ${PROTOCOL_VERSION}; this coordinator is ${settings.version}, the client ${message.version}`;
    return closeWith(turn, connection, "UNSUPPORTED_VERSION", text);
  }
  const features = sharedFeatures(message.features);
  connection.phase = "client";
  awaitClients(turn);
  connection.features = new Set(features);
  send(turn, connection.id, {
    type: "Welcome",
    history_id,
    coordinator_id: settings.coordinatorId,
    protocol_version: PROTOCOL_VERSION,
    version: settings.version,
    limits: { frame_bytes: settings.frameBytes, chunk_bytes: settings.chunkBytes },
    features,
  });
  turn.out.push({ type: "useFeatures", conn: connection.id, features });
}
