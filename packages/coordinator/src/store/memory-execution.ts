import type { Outcome, SerializedPlan } from "@planwire/protocol";
import { storedHead, writtenHead, type ExecutionHead } from "./execution-head.js";
import { RefusedChange } from "./refused-change.js";
import type { Change, StoredAttempt, StoredExecution, PruneQuery } from "./store.js";

/** What a write has replaced so far, to be put back when one of its later changes is refused. */
interface Undo {
  readonly taken: string[];
  readonly attempts: { readonly key: string; readonly before: StoredAttempt | undefined }[];
}

/** One execution in memory. It is changed in place: a plan of many parts is not copied for each of them. */
export class MemoryExecution {
  readonly plan: SerializedPlan;
  /** Grows in the order of submission. */
  readonly position: number;
  head: ExecutionHead;
  outcome: Outcome | undefined;
  /** What it takes, once it has ended. */
  bytes = 0;
  /** Whether the store has let go of it; lists pass over it until they are next tidied. */
  isRemoved = false;
  // Made with the first attempt: an execution that waits should cost little.
  #attempts: Map<string, StoredAttempt> | undefined;
  #taken: Set<string> | undefined;

  constructor(head: ExecutionHead, plan: SerializedPlan, position: number) {
    this.head = head;
    this.plan = plan;
    this.position = position;
  }

  /** Lands all of a write's changes; throws RefusedChange and changes nothing where one can't be. */
  apply(changes: readonly Change[]): void {
    const head = writtenHead(this.head, changes);
    const undo: Undo = { taken: [], attempts: [] };
    try {
      for (const change of changes) this.#apply(change, undo);
    } catch (error) {
      this.#putBack(undo);
      throw error;
    }
    this.head = head;
  }

  /** Whether it has ended and been kept long enough. */
  isDue({ now, endedBefore }: PruneQuery): boolean {
    const { finishedAt, expiresAt } = this.head;
    if (finishedAt === undefined) return false;
    return expiresAt === undefined ? finishedAt < endedBefore : expiresAt <= now;
  }

  snapshot(): StoredExecution {
    return {
      ...storedHead(this.head),
      plan: this.plan,
      bytes: this.bytes,
      attempts: [...(this.#attempts?.values() ?? [])],
      takenOrder: [...(this.#taken ?? [])],
      outcome: this.outcome,
    };
  }

  #apply(change: Change, undo: Undo): void {
    switch (change.type) {
      case "assign":
        return this.#assign(change, undo);
      case "started":
        return this.#replace(this.#open(change), { started: true }, undo);
      case "lose":
        return this.#replace(this.#open(change), { lost: change.loss }, undo);
      case "takeResult":
        return this.#take(change, undo);
      case "finish":
        this.outcome = change.outcome;
        this.bytes = change.bytes;
        return;
      case "accept":
      case "wishCancel":
        return;
    }
  }

  #assign(change: Extract<Change, { type: "assign" }>, undo: Undo): void {
    const { partId, attempt, workerId, incarnation } = change;
    this.#attempts ??= new Map();
    const key = attemptKey(partId, attempt);
    if (this.#attempts.has(key)) throw RefusedChange.attemptExists(partId, attempt);
    undo.attempts.push({ key, before: undefined });
    this.#attempts.set(key, {
      partId,
      attempt,
      workerId,
      incarnation,
      started: false,
      lost: undefined,
      result: undefined,
    });
  }

  #take(change: Extract<Change, { type: "takeResult" }>, undo: Undo): void {
    const { partId, result } = change;
    const open = this.#open(change);
    this.#taken ??= new Set();
    if (this.#taken.has(partId)) throw RefusedChange.resultExists(partId);
    this.#replace(open, { result }, undo);
    undo.taken.push(partId);
    this.#taken.add(partId);
  }

  #open({ partId, attempt }: { partId: string; attempt: number }): StoredAttempt {
    const found = this.#attempts?.get(attemptKey(partId, attempt));
    if (found && found.lost === undefined && found.result === undefined) return found;
    throw RefusedChange.attemptNotOpen(partId, attempt);
  }

  #replace(before: StoredAttempt, change: Partial<StoredAttempt>, undo: Undo): void {
    const key = attemptKey(before.partId, before.attempt);
    undo.attempts.push({ key, before });
    this.#attempts?.set(key, { ...before, ...change });
  }

  #putBack(undo: Undo): void {
    for (const partId of undo.taken) this.#taken?.delete(partId);
    for (const { key, before } of undo.attempts.toReversed()) {
      if (before) this.#attempts?.set(key, before);
      else this.#attempts?.delete(key);
    }
  }
}

function attemptKey(partId: string, attempt: number): string {
  return `${attempt} ${partId}`;
}
