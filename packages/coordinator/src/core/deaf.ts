import type { HeldAttempt } from "@planwire/protocol";
import { keyOf, statesOf } from "./books.js";
import { loseUnknown } from "./lost-workers.js";
import { log, send } from "./send.js";
import type { Connection, Turn, WorkerSession } from "./state.js";

// A deaf worker sends heartbeats and handles nothing. It gets no more work, is asked for its status, and loses its connection when it does not answer.

export function probeDeaf(turn: Turn, worker: WorkerSession, connection: Connection): void {
  if (worker.deaf) return;
  // What went out before the question: whoever answers it has handled that.
  worker.deaf = { since: turn.now.mono, said: connection.said };
  log(turn, "warn", "worker leaves assignments unhandled: asked for its status", {
    workerId: worker.workerId,
  });
  send(turn, connection.id, { type: "StatusRequest" });
}

/** Its Register: it hears. Assignments from before the question that it does not list got lost on their way. */
export function deafAnswered(
  turn: Turn,
  worker: WorkerSession,
  resume: readonly HeldAttempt[],
): void {
  const { deaf } = worker;
  if (!deaf) return;
  worker.deaf = undefined;
  const theirs = statesOf(resume);
  for (const holding of worker.held.values()) {
    const { partId, attempt, number } = holding;
    if (theirs.has(keyOf(partId, attempt))) holding.missed = 0;
    else if (number !== undefined && number <= deaf.said) loseUnknown(turn, worker, holding);
  }
}
