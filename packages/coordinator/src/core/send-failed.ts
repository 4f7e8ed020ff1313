import type { ConnectionId, Message, PlanwireError } from "@planwire/protocol";
import { unsendable } from "./parts.js";
import { closeWith, log, sendError } from "./send.js";
import { workerOf } from "./sessions.js";
import type { Turn } from "./state.js";

/** A message of ours could not be written for this peer: it is too large, or holds what can't travel. */
export function sendFailed(
  turn: Turn,
  conn: ConnectionId,
  message: Message,
  error: PlanwireError,
): void {
  const connection = turn.state.connections.get(conn);
  if (!connection) return;
  connection.said -= 1; // the peer never counts it
  log(turn, "warn", "a message could not be sent", { type: message.type, code: error.code });
  if (message.type === "AssignPlan")
    return assignmentFailed(turn, conn, message.plan.plan_id, error);
  if (message.type === "StreamBegin")
    return assignmentFailed(turn, conn, message.plan.plan_id, error);
  if ("request_id" in message && message.request_id !== undefined) {
    return sendError(turn, connection, error, { request_id: message.request_id });
  }
  if (message.type === "PlanEvent")
    return sendError(turn, connection, error, { plan_id: message.plan_id });
  // Nothing else is large; whoever waits for it must not wait in vain.
  closeWith(
    turn,
    connection,
    "INTERNAL",
    `a ${message.type} could not be written: ${error.message}`,
  );
}

/** It never left: the slot is free, and the part fails for what it is. */
function assignmentFailed(
  turn: Turn,
  conn: ConnectionId,
  partId: string,
  error: PlanwireError,
): void {
  const worker = workerOf(turn, conn);
  const holding = worker?.held.get(partId);
  if (!worker || !holding) return;
  worker.held.delete(partId);
  const part = turn.state.executions.get(holding.planId)?.parts.get(partId);
  if (part) turn.agenda.push({ do: "endPart", part, result: unsendable(error) });
  turn.agenda.push({ do: "fillSlots", worker });
}
