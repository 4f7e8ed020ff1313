import type { PlanEvent } from "@planwire/protocol";
import type { StoredExecution } from "../store/store.js";

export interface Retold {
  readonly event: PlanEvent["event"];
  /** Undefined where nobody wrote down when it happened. */
  readonly at: number | undefined;
}

/** The events of an execution that the store has kept, in the order in which they happened. */
export function durableEvents(stored: StoredExecution): Retold[] {
  const { attempts, submittedAt, cancelledBy: by, outcome, finishedAt } = stored;
  const told: Retold[] = [{ event: { kind: "Accepted" }, at: submittedAt }];
  for (const { partId: part_id, attempt, workerId: worker_id, lost } of attempts) {
    const about = { part_id, attempt, worker_id };
    told.push({ event: { kind: "AttemptStarted", ...about }, at: undefined });
    if (!lost) continue;
    const { reason } = lost;
    told.push({ event: { kind: "AttemptLost", ...about, reason }, at: undefined });
  }
  if (by !== undefined) told.push({ event: { kind: "CancelRequested", by }, at: undefined });
  if (outcome) told.push({ event: { kind: "Finished", outcome }, at: finishedAt });
  return told;
}
