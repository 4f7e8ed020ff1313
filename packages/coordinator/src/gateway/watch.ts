import type { MessageOf } from "@planwire/protocol";
import { ask, tooManyQuestions } from "../core/questions.js";
import type { Connection, Turn } from "../core/state.js";

export function watchMessage(
  turn: Turn,
  connection: Connection,
  message: MessageOf<"Watch">,
): void {
  const { request_id: requestId, plan_id: planId, from, only_outcome } = message;
  if (!connection.watches.has(planId) && tooManyQuestions(turn, connection, requestId)) return;
  const onlyOutcome = only_outcome ?? false;
  ask(turn, connection, {
    kind: "watch",
    conn: connection.id,
    requestId,
    planId,
    from,
    onlyOutcome,
  });
}
