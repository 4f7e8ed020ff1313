import {
  PlanwireError,
  sharedFeatures,
  type ConnectionId,
  type Register,
} from "@planwire/protocol";
import { compareAtReturn } from "./books.js";
import { deafAnswered } from "./deaf.js";
import { fillSlots } from "./dispatch.js";
import { tellDismissed } from "./drain.js";
import { rememberOffered } from "./ever-offered.js";
import { newWorkerSession } from "./new-records.js";
import { loseAll } from "./lost-workers.js";
import { closeWith, log, send, sendError } from "./send.js";
import type { Connection, Holding, Turn, WorkerSession } from "./state.js";
import { joinGroup, leaveGroup } from "./worker-groups.js";

/** The close reason of a worker that goes for good. */
const LEAVING = "leaving";
/** How often leases are looked at. */
export const SWEEP_MS = 1_000;

/** A worker says who it is: a newcomer, one that comes back, a rival for an id, or the same one with news. */
export function register(turn: Turn, connection: Connection, message: Register): void {
  const worker = turn.state.workers.get(message.worker_id);
  if (worker && worker.conn === connection.id) return refresh(turn, worker, message);
  if (connection.phase !== "new") {
    const message = "this connection registered another worker";
    return sendError(turn, connection, new PlanwireError("UNEXPECTED_MESSAGE", message));
  }
  if (!worker) return admit(turn, connection, message);
  const same = message.incarnation !== undefined && message.incarnation === worker.incarnation;
  if (same && isOvertaken(worker, message)) {
    const text = "this worker has connected anew since";
    return closeWith(turn, connection, "SESSION_REPLACED", text);
  }
  if (same) return comeBack(turn, connection, worker, message);
  if (worker.conn === undefined) return replaceLost(turn, connection, worker, message);
  contest(turn, connection, worker, message);
}

/** Something between held an earlier connection's Register up: what it lists is out of date. */
function isOvertaken({ newest }: WorkerSession, { connection = newest }: Register): boolean {
  return connection < newest;
}

/** The answer to a StatusRequest, or new filters. */
function refresh(turn: Turn, worker: WorkerSession, message: Register): void {
  describe(turn, worker, message);
  deafAnswered(turn, worker, message.resume ?? []);
  joinGroup(turn.state, worker);
  fillSlots(turn, worker);
}

/** A new session. `kept` is what an earlier one held that this very process was given. */
function admit(
  turn: Turn,
  connection: Connection,
  message: Register,
  kept: readonly Holding[] = [],
): void {
  const worker = newWorkerSession(message.worker_id, message.incarnation, turn.now.mono);
  for (const holding of kept) worker.held.set(holding.partId, holding);
  turn.state.workers.set(worker.workerId, worker);
  connect(turn, connection, worker, message);
  compareAtReturn(turn, worker, message.resume ?? []);
  fillSlots(turn, worker);
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
  tellDismissed(turn, worker);
  compareAtReturn(turn, worker, message.resume ?? []);
  fillSlots(turn, worker);
}

/**
 * Another process has the id of one whose socket is lost: what that one held is lost. After a restart one id may stand for several
 * processes, of which the one that comes is the last.
 */
function replaceLost(
  turn: Turn,
  connection: Connection,
  worker: WorkerSession,
  message: Register,
): void {
  const { incarnation } = message;
  const held = [...worker.held.values()];
  const kept = held.filter((one) => incarnation !== undefined && one.incarnation === incarnation);
  for (const { partId } of kept) worker.held.delete(partId);
  removeWorker(turn, worker, "another process took its id");
  admit(turn, connection, message, kept);
}

function connect(
  turn: Turn,
  connection: Connection,
  worker: WorkerSession,
  message: Register,
): void {
  const { state } = turn;
  worker.conn = connection.id;
  worker.newest = message.connection ?? 0;
  worker.lostAt = undefined;
  worker.deaf = undefined;
  worker.pinged = false;
  worker.lastSeen = turn.now.mono;
  connection.phase = "worker";
  connection.workerId = worker.workerId;
  connection.heard = 0;
  describe(turn, worker, message);
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
  joinGroup(state, worker);
  state.sweepAt ??= turn.now.mono + SWEEP_MS;
}

function describe(turn: Turn, worker: WorkerSession, message: Register): void {
  worker.capabilities = message.capabilities;
  worker.implementation = message.implementation;
  worker.version = message.version;
  worker.slots = Math.max(1, message.max_concurrent ?? 1);
  worker.offered = message.filters ?? [];
  worker.tags = new Set(message.capabilities.tags);
  worker.draining = message.status === "draining" || message.status === "stopped";
  const offers = worker.offered.flatMap(({ name, version, kind }) =>
    (version === undefined ? [name] : [name, `${name}@${version}`]).map((key) => ({ key, kind })),
  );
  worker.filters = new Set(offers.map(({ key }) => key));
  rememberOffered(turn, offers);
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
  connection.phase = "contending";
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
  connection.lastHeard = turn.now.mono;
  const worker =
    connection.workerId === undefined ? undefined : turn.state.workers.get(connection.workerId);
  if (!worker || worker.conn !== connection.id) return;
  worker.lastSeen = turn.now.mono;
  worker.pinged = false;
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
  if (reason === LEAVING) removeWorker(turn, worker, "it left", false);
  else if (rival) removeWorker(turn, worker, "its connection was lost");
  else loseSocket(turn, worker);
  const newcomer = rival && state.connections.get(rival.conn);
  if (newcomer && rival) admit(turn, newcomer, rival.register);
}

/** A peer of ours may come back with what it holds, within its lease; one that was sent away may not have heard of it. */
export function loseSocket(turn: Turn, worker: WorkerSession): void {
  const isOurs = !worker.inherited && worker.incarnation !== undefined;
  const isAwaited = worker.held.size > 0 || worker.dismissed !== undefined;
  if (!isOurs || !isAwaited) {
    return removeWorker(turn, worker, "its connection was lost");
  }
  worker.conn = undefined;
  worker.deaf = undefined;
  worker.lostAt = turn.now.mono;
}

/** `died`: it did not leave in good order. */
export function removeWorker(turn: Turn, worker: WorkerSession, reason: string, died = true): void {
  const { state } = turn;
  worker.conn = undefined;
  worker.rival = undefined;
  state.workers.delete(worker.workerId);
  leaveGroup(state, worker);
  log(turn, "info", "worker gone", { workerId: worker.workerId, reason });
  loseAll(turn, worker, reason, died);
}

export function takeOver(turn: Turn, worker: WorkerSession): void {
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
