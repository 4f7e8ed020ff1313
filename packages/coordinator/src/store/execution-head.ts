import type { ExecutionState, ExecutionSummary, TerminalState } from "@planwire/protocol";
import { RefusedChange } from "./refused-change.js";
import type { Change, StoredCut, StoredExecution, Write } from "./store.js";

/** What decisions and lists need of an execution: all but its values and attempts. Both stores fold changes into it. */
export interface ExecutionHead {
  readonly planId: string;
  readonly kind: "plan" | "stream";
  readonly owner: string;
  readonly version: number;
  readonly name: string | undefined;
  readonly submittedAt: number;
  readonly finishedAt: number | undefined;
  /** Until when it is kept, where its plan says so. */
  readonly expiresAt: number | undefined;
  readonly ended: TerminalState | undefined;
  readonly errorCode: string | undefined;
  readonly cut: StoredCut | undefined;
  readonly cancelledBy: string | undefined;
  readonly expired: boolean;
  /** Attempts made so far; once ended, as the outcome counts them. */
  readonly attempts: number;
  /** How many of them were given up. */
  readonly lost: number;
  /** Who was given the newest attempt; once ended, whom the outcome names. */
  readonly workerId: string | undefined;
}

export type Accept = Extract<Change, { type: "accept" }>;

/** As much of a later change as the head keeps. */
export type HeadChange =
  | { readonly type: "assign"; readonly workerId: string; readonly cut: StoredCut | undefined }
  | { readonly type: "started" | "lose" | "takeResult" }
  | { readonly type: "wishCancel"; readonly by: string; readonly expired: boolean }
  | {
      readonly type: "finish";
      readonly finishedAt: number;
      readonly expiresAt: number | undefined;
      readonly outcome: OutcomeHead;
    };

/** As much of an outcome as the head keeps. */
export interface OutcomeHead {
  readonly status: TerminalState;
  readonly attempts: number;
  readonly worker_id?: string | undefined;
  readonly error?: { readonly code: string };
}

/** The head as an accept makes it, before the version of its write is counted. */
export function acceptedHead(
  { planId, owner }: Pick<Write, "planId" | "owner">,
  accept: Omit<Accept, "plan">,
): ExecutionHead {
  return {
    planId,
    kind: accept.kind,
    owner,
    version: 0,
    name: accept.name,
    submittedAt: accept.submittedAt,
    finishedAt: undefined,
    expiresAt: undefined,
    ended: undefined,
    errorCode: undefined,
    cut: undefined,
    cancelledBy: undefined,
    expired: false,
    attempts: 0,
    lost: 0,
    workerId: undefined,
  };
}

type Changing = { -readonly [Key in keyof ExecutionHead]: ExecutionHead[Key] };

/** The head after a write of these changes; throws RefusedChange where no order of events leads there. */
export function writtenHead(
  head: ExecutionHead,
  changes: readonly (HeadChange | { readonly type: "accept" })[],
): ExecutionHead {
  const next: Changing = { ...head };
  next.version += 1;
  for (const change of changes) {
    if (next.ended) throw RefusedChange.ended(change.type);
    if (change.type === "accept") throw RefusedChange.acceptNotFirst();
    apply(change, next);
  }
  return next;
}

function apply(change: HeadChange, head: Changing): void {
  switch (change.type) {
    case "assign":
      head.cut = change.cut ?? head.cut;
      head.attempts += 1;
      head.workerId = change.workerId;
      return;
    case "lose":
      head.lost += 1;
      return;
    case "wishCancel":
      if (head.cancelledBy !== undefined) return;
      head.cancelledBy = change.by;
      head.expired = change.expired;
      return;
    case "finish":
      head.finishedAt = change.finishedAt;
      head.expiresAt = change.expiresAt;
      head.ended = change.outcome.status;
      head.errorCode = change.outcome.error?.code;
      head.attempts = change.outcome.attempts;
      head.workerId = change.outcome.worker_id ?? head.workerId;
      return;
    case "started":
    case "takeResult":
      return;
  }
}

/** Whether the head is the one that the write was decided on. */
export function isExpected(
  head: Pick<ExecutionHead, "owner" | "version">,
  write: Pick<Write, "owner" | "expects">,
): boolean {
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

/** As much of what a store gives back as stands in the head. */
export function storedHead(
  head: ExecutionHead,
): Omit<StoredExecution, "plan" | "bytes" | "attempts" | "takenOrder" | "outcome"> {
  return {
    planId: head.planId,
    kind: head.kind,
    owner: head.owner,
    version: head.version,
    name: head.name,
    submittedAt: head.submittedAt,
    finishedAt: head.finishedAt,
    state: stateOf(head),
    cut: head.cut,
    cancelledBy: head.cancelledBy,
    expired: head.expired,
  };
}
