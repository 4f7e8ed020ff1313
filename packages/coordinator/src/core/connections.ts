import type { ConnectionId } from "@planwire/protocol";
import { cancelExecution } from "./cancel.js";
import type { Scopes } from "./event.js";
import { expectHello } from "./newcomers.js";
import { closeWith } from "./send.js";
import { workerDisconnected } from "./sessions.js";
import type { Connection, Turn } from "./state.js";
import { dropWatcher } from "./watches.js";

export function connectionOpened(
  turn: Turn,
  conn: ConnectionId,
  scopes: Scopes,
  sessionId: string,
): void {
  const { connections, settings } = turn.state;
  const connection: Connection = {
    id: conn,
    scopes,
    sessionId,
    phase: "new",
    workerId: undefined,
    features: new Set(),
    watches: new Set(),
    streams: new Set(),
    blocked: false,
    behind: new Map(),
    questions: 0,
    heard: 0,
    lastHeard: turn.now.mono,
    said: 0,
    heardBulk: false,
    broken: 0,
  };
  connections.set(conn, connection);
  expectHello(turn, conn);
  if (connections.size <= settings.maxConnections) return;
  const message = `${settings.maxConnections} connections are open already`;
  closeWith(turn, connection, "SHUTTING_DOWN", message);
}

export function connectionClosed(turn: Turn, conn: ConnectionId, reason: string): void {
  const { state } = turn;
  const connection = state.connections.get(conn);
  if (!connection) return;
  workerDisconnected(turn, connection, reason);
  state.connections.delete(conn);
  for (const planId of connection.watches) {
    const execution = state.executions.get(planId);
    if (execution) dropWatcher(execution, conn);
  }
  for (const streamId of connection.streams) {
    const run = state.streams.get(streamId);
    if (run) cancelExecution(turn, run.execution, "the client's connection was lost");
  }
}
