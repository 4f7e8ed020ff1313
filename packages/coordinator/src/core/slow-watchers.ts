import type { ConnectionId } from "@planwire/protocol";
import { ask } from "./questions.js";
import { log } from "./send.js";
import type { Connection, Execution, Turn } from "./state.js";
import type { Behind } from "./watch-state.js";
import { watch } from "./watches.js";

// Who reads slowly is told nothing more of what it watches until it has caught up; then it is told what is kept of that. So what waits for it
// is what is kept anyway: durable events and outcomes in the store, the others in a bounded ring.

/** What is told at a time to one that catches up, roughly, in bytes. */
const MOST_AT_A_TIME = 256 * 1024;
/** For what has to be read from the store first, and for what an execution's own events take. */
const AT_LEAST = 4 * 1024;

export function connectionBlocked(turn: Turn, conn: ConnectionId): void {
  const connection = turn.state.connections.get(conn);
  if (!connection || connection.blocked) return;
  log(turn, "debug", "a peer reads slowly: events wait for it", { conn });
  awaitDrain(turn, connection);
}

function awaitDrain(turn: Turn, connection: Connection): void {
  connection.blocked = true;
  turn.out.push({ type: "awaitDrain", conn: connection.id });
}

/** It has read what was sent: a little of what it has missed may go. */
export function awaitDrainDone(turn: Turn, conn: ConnectionId): void {
  const { state } = turn;
  const connection = state.connections.get(conn);
  if (!connection) return;
  connection.blocked = false;
  let bytes = 0;
  for (const [planId, behind] of connection.behind) {
    if (bytes >= MOST_AT_A_TIME) return awaitDrain(turn, connection);
    connection.behind.delete(planId);
    const execution = state.executions.get(planId);
    // A submission under its id that is not written yet may be another one, and be refused.
    if (execution && execution.version > 0) bytes += catchUp(turn, execution, conn, behind);
    else {
      const { from, onlyOutcome } = behind;
      ask(turn, connection, {
        kind: "watch",
        conn,
        requestId: undefined,
        planId,
        from,
        onlyOutcome,
        catchesUp: true,
      });
      bytes += AT_LEAST;
    }
  }
}

function catchUp(
  turn: Turn,
  execution: Execution,
  conn: ConnectionId,
  { from, onlyOutcome }: Behind,
): number {
  watch(turn, execution, conn, from, onlyOutcome);
  const told = onlyOutcome ? 0 : (execution.events?.toldBytes ?? 0);
  return AT_LEAST + told + (execution.outcome ? execution.bytes : 0);
}
