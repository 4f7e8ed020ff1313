import type { Outcome, SerializedPlan } from "@planwire/protocol";
import { storedHead, writtenHead, type ExecutionHead } from "./execution-head.js";
import { MemoryAttempts } from "./memory-attempts.js";
import { RefusedChange } from "./refused-change.js";
import type { Change, StoredAttempt, StoredExecution, PruneQuery } from "./store.js";

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
  /** Most executions have one attempt, which stands here by itself: with a Map and a Set of its own each took a tenth more room. */
  #attempts: StoredAttempt | MemoryAttempts | undefined;

  constructor(head: ExecutionHead, plan: SerializedPlan, position: number) {
    this.head = head;
    this.plan = plan;
    this.position = position;
  }

  /** Lands all of a write's changes; throws RefusedChange and changes nothing where one can't be. */
  apply(changes: readonly Change[]): void {
    const head = writtenHead(this.head, changes);
    const before = this.#attempts;
    try {
      for (const change of changes) this.#apply(change);
    } catch (error) {
      if (before instanceof MemoryAttempts) before.putBack();
      this.#attempts = before;
      throw error;
    }
    if (this.#attempts instanceof MemoryAttempts) this.#attempts.landed();
    this.head = head;
  }

  /** Whether it has ended and been kept long enough. */
  isDue({ now, endedBefore }: PruneQuery): boolean {
    const { finishedAt, expiresAt } = this.head;
    if (finishedAt === undefined) return false;
    return expiresAt === undefined ? finishedAt < endedBefore : expiresAt <= now;
  }

  snapshot(): StoredExecution {
    const held = this.#attempts;
    const isMany = held instanceof MemoryAttempts;
    return {
      ...storedHead(this.head),
      plan: this.plan,
      bytes: this.bytes,
      attempts: isMany ? held.all() : held ? [held] : [],
      takenOrder: isMany ? held.taken() : held?.result ? [held.partId] : [],
      outcome: this.outcome,
    };
  }

  #apply(change: Change): void {
    switch (change.type) {
      case "assign":
        return this.#assign(change);
      case "started":
        return this.#put({ ...this.#open(change), started: true });
      case "lose":
        return this.#put({ ...this.#open(change), lost: change.loss });
      case "takeResult":
        return this.#put({ ...this.#open(change), result: change.result });
      case "finish":
        this.outcome = change.outcome;
        this.bytes = change.bytes;
        return;
      case "accept":
      case "wishCancel":
        return;
    }
  }

  #assign(change: Extract<Change, { type: "assign" }>): void {
    const { partId, attempt, workerId, incarnation } = change;
    if (this.#find(change)) throw RefusedChange.attemptExists(partId, attempt);
    const [started, lost, result] = [false, undefined, undefined];
    this.#put({ partId, attempt, workerId, incarnation, started, lost, result });
  }

  #open(change: { readonly partId: string; readonly attempt: number }): StoredAttempt {
    const found = this.#find(change);
    if (found && found.lost === undefined && found.result === undefined) return found;
    throw RefusedChange.attemptNotOpen(change.partId, change.attempt);
  }

  #find(which: { readonly partId: string; readonly attempt: number }): StoredAttempt | undefined {
    const held = this.#attempts;
    if (held instanceof MemoryAttempts) return held.get(which.partId, which.attempt);
    return held && isSame(held, which) ? held : undefined;
  }

  #put(attempt: StoredAttempt): void {
    const held = this.#attempts;
    if (held instanceof MemoryAttempts) return held.put(attempt);
    if (!held || isSame(held, attempt)) {
      this.#attempts = attempt;
      return;
    }
    const several = new MemoryAttempts();
    several.put(held);
    several.put(attempt);
    this.#attempts = several;
  }
}

type Which = Pick<StoredAttempt, "partId" | "attempt">;

function isSame(one: Which, other: Which): boolean {
  return one.partId === other.partId && one.attempt === other.attempt;
}
