import type { MessageOf } from "@planwire/protocol";
import { ask } from "../core/questions.js";
import type { Connection, Turn } from "../core/state.js";

/** Get, Cancel and Explain: each asks about one execution and is answered by one message. */
export function askMessage(
  turn: Turn,
  connection: Connection,
  message: MessageOf<"Get" | "Cancel" | "Explain">,
): void {
  const about = { conn: connection.id, requestId: message.request_id, planId: message.plan_id };
  switch (message.type) {
    case "Get":
      return ask(turn, connection, { kind: "get", ...about });
    case "Explain":
      return ask(turn, connection, { kind: "explain", ...about });
    case "Cancel":
      return ask(turn, connection, { kind: "cancel", ...about, by: message.reason ?? "client" });
  }
}
