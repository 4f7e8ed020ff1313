import type { ExecutionState, ExecutionSummary, TerminalState } from "@planwire/protocol";
import type { Change, StoredCut, Write } from "./store.js";

/** What decisions and lists need of an execution: all but its values and attempts. Both stores fold changes into it. */
export interface ExecutionHead {
  readonly planId: string;
  readonly kind: "plan" | "stream";
  readonly owner: string;
  readonly version: number;
  readonly contentHash: string;
  readonly name: string | undefined;
  readonly submittedAt: number;
  readonly finishedAt: number | undefined;
  readonly ended: TerminalState | undefined;
  readonly errorCode: string | undefined;
  readonly cut: StoredCut | undefined;
  readonly cancelledBy: string | undefined;
  /** Attempts made so far; once ended, as the outcome counts them. */
  readonly attempts: number;
  /** How many of them were given up. */
  readonly lost: number;
  /** Who was given the newest attempt; once ended, whom the outcome names. */
  readonly workerId: string | undefined;
}

export type Accept = Extract<Change, { type: "accept" }>;
export type LaterChange = Exclude<Change, Accept>;

/** A write's accept, which can only be its first change, and the changes after it. */
export function splitAccept(write: Write): {
  accept: Accept | undefined;
  later: readonly Change[];
} {
  const [first] = write.changes;
  if (first?.type !== "accept") return { accept: undefined, later: write.changes };
  return { accept: first, later: write.changes.slice(1) };
}

/** The head as an accept makes it, before the version of its write is counted. */
export function acceptedHead(write: Write, accept: Accept): ExecutionHead {
  return {
    planId: write.planId,
    kind: accept.kind,
    owner: write.owner,
    version: 0,
    contentHash: accept.contentHash,
    name: accept.name,
    submittedAt: accept.submittedAt,
    finishedAt: undefined,
    ended: undefined,
    errorCode: undefined,
    cut: undefined,
    cancelledBy: undefined,
    attempts: 0,
    lost: 0,
    workerId: undefined,
  };
}

export function changedHead(head: ExecutionHead, change: LaterChange): ExecutionHead {
  switch (change.type) {
    case "assign":
      return {
        ...head,
        cut: change.cut ?? head.cut,
        attempts: head.attempts + 1,
        workerId: change.workerId,
      };
    case "lose":
      return { ...head, lost: head.lost + 1 };
    case "wishCancel":
      return { ...head, cancelledBy: head.cancelledBy ?? change.by };
    case "finish":
      return {
        ...head,
        finishedAt: change.finishedAt,
        ended: change.outcome.status,
        errorCode: change.outcome.status === "Failed" ? change.outcome.error.code : undefined,
        attempts: change.outcome.attempts,
        workerId: change.outcome.worker_id ?? head.workerId,
      };
    case "started":
    case "takeResult":
      return head;
  }
}

/** Whether the head is the one that the write was decided on. */
export function isExpected(head: ExecutionHead, write: Write): boolean {
  return head.owner === write.owner && head.version === write.expects;
}

/** Running as long as some attempt is out or has answered; Queued again when all that were made are lost. */
export function stateOf(head: ExecutionHead): ExecutionState {
  if (head.ended) return head.ended;
  if (head.cancelledBy !== undefined) return "Cancelling";
  return head.attempts > head.lost ? "Running" : "Queued";
}

export function summaryOf(head: ExecutionHead): ExecutionSummary {
  return {
    plan_id: head.planId,
    ...(head.name !== undefined && { name: head.name }),
    kind: head.kind,
    state: stateOf(head),
    submitted_at: head.submittedAt,
    ...(head.finishedAt !== undefined && { finished_at: head.finishedAt }),
    attempts: head.attempts,
    ...(head.workerId !== undefined && { worker_id: head.workerId }),
    ...(head.errorCode !== undefined && { error_code: head.errorCode }),
  };
}
