import type { ConnectionId, Message } from "@planwire/protocol";
import type { CoreState, Turn } from "./state.js";

/**
 * Numbers what leaves in this step as its peer counts it, from 1 after Registered, and notes the number of each assignment.
 *
 * Control overtakes chunks that wait for the socket, so a message may arrive earlier than its number says, but never later: who has handled
 * that many has handled it.
 */
export function numberMessages({ state, out }: Turn): void {
  for (const effect of out) {
    switch (effect.type) {
      case "send":
        noteAssignment(state, effect.conn, count(state, effect.conn), effect.message);
        break;
      case "sendBulk":
      case "forward":
        count(state, effect.conn);
        break;
      case "useFeatures": {
        const connection = state.connections.get(effect.conn);
        if (connection) connection.said = 0;
        break;
      }
      default:
        break;
    }
  }
}

function count({ connections }: CoreState, conn: ConnectionId): number {
  const connection = connections.get(conn);
  if (!connection) return 0;
  connection.said += 1;
  return connection.said;
}

function noteAssignment(
  { connections, workers }: CoreState,
  conn: ConnectionId,
  number: number,
  message: Message,
): void {
  if (message.type !== "AssignPlan" && message.type !== "StreamBegin") return;
  const workerId = connections.get(conn)?.workerId;
  const worker = workerId === undefined ? undefined : workers.get(workerId);
  const holding = worker?.held.get(message.plan.plan_id);
  if (!holding || worker?.conn !== conn) return;
  // A peer that knows no attempts is told none: what it is given is what is held.
  if ((message.attempt ?? holding.attempt) === holding.attempt) holding.number = number;
}
