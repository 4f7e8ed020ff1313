import type { RanNode, WorkerEvent } from "@planwire/protocol";
import type { Turn, WorkerSession } from "./state.js";
import { publish, publishRan } from "./watches.js";

export interface Told {
  readonly partId: string;
  /** Absent from a peer that knows no attempts. */
  readonly attempt: number | undefined;
  readonly events?: readonly WorkerEvent[] | undefined;
  /** In the stead of events: nodes that started and completed one after another. */
  readonly ran?: readonly RanNode[] | undefined;
}

/** What a worker tells of a run goes on to who watches, while it holds that very attempt. */
export function toldByWorker(turn: Turn, worker: WorkerSession, told: Told): void {
  const holding = worker.held.get(told.partId);
  if (!holding || holding.abandoned) return;
  if (told.attempt !== undefined && told.attempt !== holding.attempt) return;
  const execution = turn.state.executions.get(holding.planId);
  if (!execution || execution.outcome) return;
  const { partId: part_id, attempt } = holding;
  const { workerId: worker_id } = worker;
  for (const event of told.events ?? []) {
    const content = { kind: "Worker", part_id, attempt, worker_id, event } as const;
    publish(turn, execution, content, turn.now.wall);
  }
  if (told.ran) publishRan(turn, execution, { part_id, attempt, worker_id }, told.ran);
}
