import type { RanNode, WorkerEvent } from "@planwire/protocol";
import type { Execution, Holding, Turn, WorkerSession } from "./state.js";
import { publish, publishRan } from "./watches.js";

interface Attempt {
  readonly partId: string;
  /** Absent from a peer that knows no attempts. */
  readonly attempt: number | undefined;
}

/** What a worker tells of a run goes on to who watches, while it holds that very attempt. */
export function toldByWorker(
  turn: Turn,
  worker: WorkerSession,
  told: Attempt & { readonly events: readonly WorkerEvent[] },
): void {
  const { execution, holding } = runOf(turn, worker, told) ?? {};
  if (!execution || !holding) return;
  const { part_id, attempt, worker_id } = aboutOf(worker, holding);
  for (const event of told.events) {
    const content = { kind: "Worker", part_id, attempt, worker_id, event } as const;
    publish(turn, execution, content, turn.now.wall);
  }
}

/** As many events as nodes started and completed, which are made when somebody wants them. */
export function nodesRan(
  turn: Turn,
  worker: WorkerSession,
  told: Attempt & { readonly ran: readonly RanNode[] },
): void {
  const { execution, holding } = runOf(turn, worker, told) ?? {};
  if (!execution || !holding || told.ran.length === 0) return;
  publishRan(turn, execution, aboutOf(worker, holding), told.ran);
}

function runOf(
  { state }: Turn,
  worker: WorkerSession,
  { partId, attempt }: Attempt,
): { readonly execution: Execution; readonly holding: Holding } | undefined {
  const holding = worker.held.get(partId);
  if (!holding || holding.abandoned) return undefined;
  if (attempt !== undefined && attempt !== holding.attempt) return undefined;
  const execution = state.executions.get(holding.planId);
  return execution && !execution.outcome ? { execution, holding } : undefined;
}

function aboutOf({ workerId: worker_id }: WorkerSession, { partId, attempt }: Holding) {
  return { part_id: partId, attempt, worker_id };
}
