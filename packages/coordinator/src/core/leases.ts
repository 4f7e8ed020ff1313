import { recordStarts } from "./results.js";
import { closeWith, log, send } from "./send.js";
import { loseSocket, removeWorker, SWEEP_MS, takeOver } from "./sessions.js";
import type { CoreState, Turn, WorkerSession } from "./state.js";

/**
 * Ends leases and contests that ran out. A sweep that comes late means that this process stood still, and heard nobody: all leases
 * are extended by that much.
 */
export function sweep(turn: Turn): void {
  const { state, now } = turn;
  if (state.sweepAt === undefined || now.mono < state.sweepAt) return;
  const late = now.mono - state.sweepAt;
  state.sweepAt = state.workers.size > 0 ? now.mono + SWEEP_MS : undefined;
  for (const worker of state.workers.values()) {
    extend(worker, late, now.mono);
    recordStarts(turn, worker);
    judge(turn, worker);
  }
}

/** An answer that is due may lie in a socket that nobody has read yet. */
function extend(worker: WorkerSession, late: number, mono: number): void {
  const { deaf, rival } = worker;
  worker.lastSeen = Math.min(mono, worker.lastSeen + late);
  if (deaf) deaf.since = Math.min(mono, deaf.since + late);
  if (rival) rival.until += late;
}

function judge(turn: Turn, worker: WorkerSession): void {
  const { state, now } = turn;
  const { rival, deaf } = worker;
  const isDead = isSilent(state, worker, now.mono);
  const isDeaf = deaf && now.mono - deaf.since >= state.settings.heartbeatIntervalMs;
  if (rival && (isDead || isDeaf || now.mono >= rival.until)) {
    takeOver(turn, worker);
    // The rival may have gone; the worker is judged as if it had not come.
    if (state.workers.get(worker.workerId) !== worker) return;
  }
  if (isDead) expire(turn, worker);
  else if (isDeaf) closeDeaf(turn, worker);
  else pingSilent(turn, worker);
}

/** The silence of a peer that never announced heartbeats means nothing: it lives while its socket is open. */
function isSilent({ settings }: CoreState, worker: WorkerSession, mono: number): boolean {
  const leased = worker.heartbeats || worker.conn === undefined;
  return leased && mono - worker.lastSeen > settings.heartbeatTimeoutMs;
}

function expire(turn: Turn, worker: WorkerSession): void {
  closeSocket(turn, worker, "no sign of life within the lease");
  removeWorker(turn, worker, "its lease ran out");
}

/** A worker of ours that has said nothing for half its lease is asked for a sign of life: a heartbeat may be late, a Pong is not. */
function pingSilent(turn: Turn, worker: WorkerSession): void {
  const { conn, heartbeats, lastSeen, pinged } = worker;
  if (conn === undefined || !heartbeats || pinged) return;
  if (turn.now.mono - lastSeen <= turn.state.settings.heartbeatTimeoutMs / 2) return;
  worker.pinged = true;
  send(turn, conn, { type: "Ping" });
}

/**
 * It did not answer in time. What it was given keeps its lease, handled or not: it may handle it while it is being closed, and as the same
 * process it comes back and says what it has.
 */
function closeDeaf(turn: Turn, worker: WorkerSession): void {
  log(turn, "warn", "worker is deaf: closed", { workerId: worker.workerId });
  closeSocket(turn, worker, "assignments are left unhandled");
  loseSocket(turn, worker);
}

function closeSocket(turn: Turn, worker: WorkerSession, why: string): void {
  const { conn } = worker;
  const connection = conn === undefined ? undefined : turn.state.connections.get(conn);
  if (!connection) return;
  connection.workerId = undefined;
  closeWith(turn, connection, "SESSION_EXPIRED", why);
}
