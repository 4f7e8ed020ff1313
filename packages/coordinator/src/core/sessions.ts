import {
  sharedFeatures,
  type ConnectionId,
  type HeldAttempt,
  type Register,
} from "@planwire/protocol";
import { fillSlots } from "./dispatch.js";
import { freeSlots, joinLanes, leaveLanes } from "./lanes.js";
import { newWorkerSession } from "./new-records.js";
import { loseAttempt, NEVER_ARRIVED } from "./results.js";
import { closeWith, log, send } from "./send.js";
import type { Connection, CoreState, Turn, WorkerSession } from "./state.js";
import { stopHolding } from "./stop.js";

/** The close reason of a worker that goes for good. */
const LEAVING = "leaving";
const SWEEP_MS = 1_000;
/** A sweep that comes later than this was not late by chance: the process stood still. */
const LATE_MS = 500;

/** A worker says who it is: a newcomer, one that comes back, a rival for an id, or the same one with news. */
export function register(turn: Turn, connection: Connection, message: Register): void {
  const worker = turn.state.workers.get(message.worker_id);
  if (worker && worker.conn === connection.id) return refresh(turn, worker, message);
  if (connection.phase !== "new") {
    return closeWith(
      turn,
      connection,
      "UNEXPECTED_MESSAGE",
      "this connection registered another worker",
    );
  }
  if (!worker) return admit(turn, connection, message);
  const same = message.incarnation !== undefined && message.incarnation === worker.incarnation;
  if (same) return comeBack(turn, connection, worker, message);
  if (worker.conn === undefined) {
    removeWorker(turn, worker, "another process took its id");
    return admit(turn, connection, message);
  }
  contest(turn, connection, worker, message);
}

/** The answer to a StatusRequest, or new filters. */
function refresh(turn: Turn, worker: WorkerSession, message: Register): void {
  describe(turn.state, worker, message);
  joinLanes(turn.state, worker);
  fillSlots(turn, worker);
}

function admit(turn: Turn, connection: Connection, message: Register): void {
  const { worker_id, incarnation } = message;
  const worker = newWorkerSession(worker_id, incarnation, turn.now.mono);
  turn.state.workers.set(worker.workerId, worker);
  connect(turn, connection, worker, message);
  stopUnknown(turn, worker, message.resume ?? []);
}

/** The same process with a new socket: the old one is closed, the books are kept and compared. */
function comeBack(
  turn: Turn,
  connection: Connection,
  worker: WorkerSession,
  message: Register,
): void {
  const old = worker.conn === undefined ? undefined : turn.state.connections.get(worker.conn);
  if (old) {
    old.workerId = undefined;
    closeWith(turn, old, "SESSION_REPLACED", "this worker connected anew");
  }
  connect(turn, connection, worker, message);
  compareBooks(turn, worker, message.resume ?? []);
}

function connect(
  turn: Turn,
  connection: Connection,
  worker: WorkerSession,
  message: Register,
): void {
  const { state } = turn;
  worker.conn = connection.id;
  worker.lastSeen = turn.now.mono;
  connection.phase = "worker";
  connection.workerId = worker.workerId;
  connection.heard = 0;
  describe(state, worker, message);
  const shared = sharedFeatures(message.features);
  worker.features = new Set(shared);
  worker.inherited = shared.length === 0;
  worker.heartbeats = worker.features.has("books");
  const { settings, historyId: history_id } = state;
  send(turn, connection.id, {
    type: "Registered",
    worker_id: worker.workerId,
    ...(!worker.inherited && {
      session_id: connection.sessionId,
      history_id,
      coordinator_id: settings.coordinatorId,
      limits: { frame_bytes: settings.frameBytes, chunk_bytes: settings.chunkBytes },
      heartbeat_interval_ms: settings.heartbeatIntervalMs,
      heartbeat_timeout_ms: settings.heartbeatTimeoutMs,
      features: shared,
    }),
  });
  connection.features = worker.features;
  turn.out.push({ type: "useFeatures", conn: connection.id, features: shared });
  log(turn, "info", "worker registered", {
    workerId: worker.workerId,
    inherited: worker.inherited,
  });
  joinLanes(state, worker);
  state.sweepAt ??= turn.now.mono + SWEEP_MS;
  if (worker.held.size === 0) fillSlots(turn, worker);
}

function describe(state: CoreState, worker: WorkerSession, message: Register): void {
  worker.capabilities = message.capabilities;
  worker.implementation = message.implementation;
  worker.version = message.version;
  worker.slots = Math.max(1, message.max_concurrent ?? 1);
  worker.offered = message.filters ?? [];
  worker.tags = new Set(message.capabilities.tags);
  worker.draining = message.status === "draining" || message.status === "stopped";
  worker.incarnation = message.incarnation;
  const names = new Set<string>();
  for (const { name, version, kind } of worker.offered) {
    for (const key of version === undefined ? [name] : [name, `${name}@${version}`]) {
      names.add(key);
      state.everOffered.set(key, kind);
    }
  }
  worker.filters = names;
}

/** What only one side holds is mended: an unknown attempt is cancelled there, one that is gone there is tried again. */
function compareBooks(turn: Turn, worker: WorkerSession, resume: readonly HeldAttempt[]): void {
  const theirs = new Map(resume.map((held) => [held.plan_id, held]));
  for (const holding of worker.held.values()) {
    const there = theirs.get(holding.partId);
    if (there?.attempt !== holding.attempt) {
      loseAttempt(turn, worker, holding, NEVER_ARRIVED, holding.started ? "counts" : "free");
      continue;
    }
    const execution = turn.state.executions.get(holding.planId);
    const part = execution?.parts.get(holding.partId);
    if (part && (execution?.state === "Cancelling" || holding.abandoned)) stopHolding(turn, part);
  }
  stopUnknown(turn, worker, resume);
  fillSlots(turn, worker);
}

/** What has finished there will be sent, and acknowledged. */
function stopUnknown(turn: Turn, worker: WorkerSession, resume: readonly HeldAttempt[]): void {
  for (const { plan_id, attempt, state } of resume) {
    const ours = worker.held.get(plan_id);
    if (ours?.attempt === attempt || state === "finished" || worker.conn === undefined) continue;
    send(turn, worker.conn, { type: "CancelPlan", plan_id, attempt });
  }
}

/** Two processes want one id: the newcomer gets it only when the old socket gives no sign of life. */
function contest(
  turn: Turn,
  connection: Connection,
  worker: WorkerSession,
  message: Register,
): void {
  if (worker.conn === undefined) return;
  // One of the inherited wire can't answer while it runs something: its silence would mean nothing.
  const isDeafNow = worker.inherited && worker.held.size > 0;
  if (worker.rival || isDeafNow) return refuseRival(turn, connection, worker.workerId);
  worker.rival = {
    conn: connection.id,
    register: message,
    until: turn.now.mono + turn.state.settings.takeoverMs,
  };
  turn.out.push({ type: "probe", conn: worker.conn });
}

function refuseRival(turn: Turn, connection: Connection, workerId: string): void {
  const message = `worker id "${workerId}" is taken by another process that is alive`;
  // What a newcomer can read is known from its Register alone: it has no session.
  connection.phase = "new";
  closeWith(turn, connection, "WORKER_ID_TAKEN", message);
}

/** Any received byte is a sign of life. */
export function signOfLife(turn: Turn, connection: Connection): void {
  const worker =
    connection.workerId === undefined ? undefined : turn.state.workers.get(connection.workerId);
  if (!worker || worker.conn !== connection.id) return;
  worker.lastSeen = turn.now.mono;
  const { rival } = worker;
  if (!rival) return;
  worker.rival = undefined;
  const newcomer = turn.state.connections.get(rival.conn);
  if (newcomer) refuseRival(turn, newcomer, worker.workerId);
  fillSlots(turn, worker);
}

/** Its socket is gone. A peer of ours may come back within its lease; what an inherited one held is lost. */
export function workerDisconnected(turn: Turn, connection: Connection, reason: string): void {
  const { state } = turn;
  const worker =
    connection.workerId === undefined ? undefined : state.workers.get(connection.workerId);
  if (!worker || worker.conn !== connection.id) return;
  const rival = worker.rival;
  worker.conn = undefined;
  worker.rival = undefined;
  const isOurs = !worker.inherited && worker.incarnation !== undefined;
  const mayComeBack = isOurs && worker.held.size > 0 && reason !== LEAVING;
  if (!mayComeBack || rival) removeWorker(turn, worker, "its connection was lost");
  const newcomer = rival && state.connections.get(rival.conn);
  if (newcomer && rival) admit(turn, newcomer, rival.register);
}

function removeWorker(turn: Turn, worker: WorkerSession, reason: string): void {
  const { state } = turn;
  worker.conn = undefined;
  state.workers.delete(worker.workerId);
  leaveLanes(state, worker);
  log(turn, "info", "worker gone", { workerId: worker.workerId, reason });
  for (const holding of worker.held.values()) loseAttempt(turn, worker, holding, reason);
}

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
    if (late > LATE_MS) worker.lastSeen = Math.min(now.mono, worker.lastSeen + late);
    if (worker.rival && now.mono >= worker.rival.until) takeOver(turn, worker);
    else if (isSilent(state, worker, now.mono)) expire(turn, worker);
  }
}

/** The silence of a peer that never announced heartbeats means nothing: it lives while its socket is open. */
function isSilent({ settings }: CoreState, worker: WorkerSession, mono: number): boolean {
  const leased = worker.heartbeats || worker.conn === undefined;
  return leased && mono - worker.lastSeen > settings.heartbeatTimeoutMs;
}

function expire(turn: Turn, worker: WorkerSession): void {
  const connection =
    worker.conn === undefined ? undefined : turn.state.connections.get(worker.conn);
  if (connection) {
    connection.workerId = undefined;
    closeWith(turn, connection, "SESSION_EXPIRED", "no sign of life within the lease");
  }
  removeWorker(turn, worker, "its lease ran out");
}

function takeOver(turn: Turn, worker: WorkerSession): void {
  const { rival, conn } = worker;
  const newcomer = rival && turn.state.connections.get(rival.conn);
  worker.rival = undefined;
  if (!newcomer || !rival) return fillSlots(turn, worker);
  const old = conn === undefined ? undefined : turn.state.connections.get(conn);
  if (old) {
    old.workerId = undefined;
    closeWith(turn, old, "SESSION_REPLACED", "another process took over this worker's id");
  }
  removeWorker(turn, worker, "another process took over its id");
  admit(turn, newcomer, rival.register);
}

export function workerOf(turn: Turn, conn: ConnectionId): WorkerSession | undefined {
  const workerId = turn.state.connections.get(conn)?.workerId;
  const worker = workerId === undefined ? undefined : turn.state.workers.get(workerId);
  return worker?.conn === conn ? worker : undefined;
}

export function statusOf(worker: WorkerSession): "ready" | "busy" | "draining" | "stopped" {
  if (worker.conn === undefined) return "stopped";
  if (worker.draining) return "draining";
  return freeSlots(worker) > 0 ? "ready" : "busy";
}
