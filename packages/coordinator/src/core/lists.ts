import type { MessageOf, WorkerSummary } from "@planwire/protocol";
import type { Now } from "./event.js";
import { healthOf } from "./health.js";
import { tooManyQuestions } from "./questions.js";
import { send, sendError } from "./send.js";
import { activeIn, statusOf } from "./worker-status.js";
import type { Connection, CoreState, Turn, WorkerSession } from "./state.js";
import { PlanwireError, type ExecutionSummary } from "@planwire/protocol";

export function workerSummaries(state: CoreState, now: Now): WorkerSummary[] {
  return [...state.workers.values()]
    .filter(({ capabilities }) => capabilities !== undefined)
    .map((worker) => summaryOf(worker, state, now))
    .sort((a, b) => (a.worker_id < b.worker_id ? -1 : 1));
}

function summaryOf(worker: WorkerSession, { settings }: CoreState, { mono }: Now): WorkerSummary {
  const { workerId, slots, offered, tags, inherited, implementation, version, capabilities } =
    worker;
  const { otherSlots, lastSeen, calls } = worker;
  const health = healthOf(worker, settings.heartbeatTimeoutMs, mono);
  return {
    worker_id: workerId,
    state: statusOf(worker),
    slots,
    ...activeIn(worker),
    filters: [...offered],
    tags: [...tags],
    inherited,
    ...(implementation !== undefined && { implementation }),
    ...(version !== undefined && { version }),
    cpu_cores: capabilities?.cpu_cores ?? 0,
    heartbeat_age_ms: Math.max(0, Math.round(mono - lastSeen)),
    health: health?.state ?? "ok",
    ...(health && { health_ms: Math.round(health.forMs), health_reason: health.reason }),
    ...(otherSlots > 0 && { other_slots: otherSlots }),
    ...(calls.length > 0 && { calls: [...calls] }),
  };
}

/** Counts, at a cost that does not grow with history. */
export function summary(state: CoreState): Record<string, unknown> {
  const workers = [...state.workers.values()].filter(({ conn }) => conn !== undefined);
  const held = workers.reduce((sum, worker) => sum + worker.held.size, 0);
  return {
    history_id: state.historyId,
    coordinator_id: state.settings.coordinatorId,
    version: state.settings.version,
    workers: workers.length,
    slots: workers.reduce((sum, worker) => sum + worker.slots, 0),
    connections: state.connections.size,
    parts: { queued: state.queued, held },
    executions: { live: state.executions.size - state.ended.size },
    streams: state.streams.size,
  };
}

/** The store knows them all, those that live too. */
export function askList(turn: Turn, connection: Connection, message: MessageOf<"ListPlans">): void {
  const { request_id, limit, state: wanted, before } = message;
  if (tooManyQuestions(turn, connection, request_id)) return;
  const list = ++turn.state.lastNumber.question;
  turn.state.lists.set(list, { conn: connection.id, requestId: request_id });
  connection.questions += 1;
  turn.out.push({ type: "list", list, query: { limit, state: wanted, before } });
}

export function listDone(
  turn: Turn,
  list: number,
  plans: readonly ExecutionSummary[],
  total: number,
): void {
  const asked = takeAsked(turn, list);
  if (!asked) return;
  const { connection, requestId: request_id } = asked;
  send(turn, connection.id, { type: "Plans", request_id, plans: [...plans], total });
}

export function listFailed(turn: Turn, list: number, reason: string): void {
  const asked = takeAsked(turn, list);
  if (!asked) return;
  const error = new PlanwireError("STORE_UNAVAILABLE", `the list could not be read: ${reason}`);
  sendError(turn, asked.connection, error, { request_id: asked.requestId });
}

function takeAsked(
  { state }: Turn,
  list: number,
): { connection: Connection; requestId: number } | undefined {
  const asked = state.lists.get(list);
  state.lists.delete(list);
  const connection = asked && state.connections.get(asked.conn);
  if (!asked || !connection) return undefined;
  connection.questions -= 1;
  return { connection, requestId: asked.requestId };
}
