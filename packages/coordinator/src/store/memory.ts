import { randomUUID } from "node:crypto";
import { PlanwireError, type ExecutionState } from "@planwire/protocol";
import { acceptedHead, isExpected, stateOf, summaryOf, type Accept } from "./execution-head.js";
import { MemoryExecution } from "./memory-execution.js";
import { MemoryOrder } from "./memory-order.js";
import { RefusedChange } from "./refused-change.js";
import { StateTotals } from "./state-totals.js";
import { alreadyOpen, cursorGone, storeClosed } from "./store-errors.js";
import type {
  ListPage,
  ListQuery,
  Opened,
  PruneQuery,
  Store,
  StoredExecution,
  Write,
  WriteAnswer,
} from "./store.js";

export interface MemoryStoreOptions {
  /** How many ended executions are kept, 10,000 unless given; the oldest ended go first. */
  readonly keepEnded?: number;
  /** What they may take together, 256 MiB unless given, counted by the frames that their plans and results came in. */
  readonly keepEndedBytes?: number;
}

type Keep = Required<MemoryStoreOptions>;

export const MEMORY_DEFAULTS: Keep = { keepEnded: 10_000, keepEndedBytes: 256 * 1024 * 1024 };

/** Keeps executions as long as it is open. Answers each write before `commit` returns. */
export function memoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  const keep = { ...MEMORY_DEFAULTS, ...options };
  for (const [name, value] of Object.entries(keep)) {
    if (Number.isSafeInteger(value) && value >= 0) continue;
    throw new PlanwireError("BAD_USAGE", `${name} is ${value}, expected an integer from 0 on`);
  }
  return new StoreInMemory(keep);
}

export interface MemoryStore extends Store {
  /** Whether it holds such an execution: known at once. */
  has(planId: string): boolean;
}

class StoreInMemory implements MemoryStore {
  readonly #keep: Keep;
  #history: History | undefined;

  constructor(keep: Keep) {
    this.#keep = keep;
  }

  async open(): Promise<Opened> {
    if (this.#history) throw alreadyOpen();
    this.#history = new History(this.#keep);
    return { historyId: randomUUID(), boot: 1, live: [], offered: [] };
  }

  commit(writes: readonly Write[], answer: (answers: readonly WriteAnswer[]) => void): void {
    const history = this.#history;
    if (history) answer(writes.map((write) => history.write(write)));
    else answer(writes.map(() => ({ type: "failed", reason: storeClosed().message })));
  }

  has(planId: string): boolean {
    return this.#history?.has(planId) ?? false;
  }

  get(planId: string): Promise<StoredExecution | undefined> {
    return this.#ask((history) => history.get(planId));
  }

  list(query: ListQuery): Promise<ListPage> {
    return this.#ask((history) => history.list(query));
  }

  prune(query: PruneQuery): Promise<number> {
    return this.#ask((history) => history.prune(query));
  }

  /** This history ends with the process, which remembers them itself. */
  rememberOffers(): Promise<void> {
    return this.#ask(() => undefined);
  }

  close(): Promise<void> {
    this.#history = undefined;
    return Promise.resolve();
  }

  async #ask<Answer>(question: (history: History) => Answer): Promise<Answer> {
    if (!this.#history) throw storeClosed();
    return question(this.#history);
  }
}

/** What happened between one opening and the closing. */
class History {
  readonly #bounds: Keep;
  readonly #byId = new Map<string, MemoryExecution>();
  readonly #submitted = new MemoryOrder();
  readonly #ended = new MemoryOrder();
  readonly #totals = new StateTotals();
  #nextPosition = 0;
  #endedBytes = 0;

  constructor(bounds: Keep) {
    this.#bounds = bounds;
  }

  write(write: Write): WriteAnswer {
    try {
      return this.#write(write);
    } catch (error) {
      if (error instanceof RefusedChange) return { type: "failed", reason: error.message };
      throw error;
    }
  }

  #write(write: Write): WriteAnswer {
    const [first] = write.changes;
    const known = this.#byId.get(write.planId);
    if (first?.type === "accept") return known ? existsAlready(known) : this.#accept(write, first);
    if (!known || !isExpected(known.head, write)) return { type: "notOwner" };
    const before = stateOf(known.head);
    known.apply(write.changes);
    this.#landed(known, before);
    return { type: "done" };
  }

  #accept(write: Write, accept: Accept): WriteAnswer {
    const head = acceptedHead(write, accept);
    const made = new MemoryExecution(head, accept.plan, this.#nextPosition);
    made.apply(write.changes.slice(1));
    this.#nextPosition += 1;
    this.#byId.set(write.planId, made);
    this.#submitted.push(made);
    this.#landed(made, undefined);
    return { type: "done" };
  }

  has(planId: string): boolean {
    return this.#byId.has(planId);
  }

  get(planId: string): StoredExecution | undefined {
    return this.#byId.get(planId)?.snapshot();
  }

  list({ limit, state, before }: ListQuery): ListPage {
    const beginsBelow = before === undefined ? Infinity : this.#positionOf(before);
    const plans = [];
    for (const { position, head } of this.#submitted.newestFirst()) {
      if (plans.length >= limit) break;
      if (position >= beginsBelow) continue;
      if (state === undefined || stateOf(head) === state) plans.push(summaryOf(head));
    }
    return { plans, total: this.#totals.of(state) };
  }

  prune(query: PruneQuery): number {
    const due = [...this.#ended.oldestFirst()]
      .filter((execution) => execution.isDue(query))
      .toSorted((a, b) => finishedAt(a) - finishedAt(b))
      .slice(0, query.limit);
    for (const execution of due) this.#remove(execution);
    return due.length;
  }

  #positionOf(planId: string): number {
    const found = this.#byId.get(planId);
    if (!found) throw cursorGone(planId);
    return found.position;
  }

  #landed(execution: MemoryExecution, before: ExecutionState | undefined): void {
    if (before) this.#totals.add(before, -1);
    this.#totals.add(stateOf(execution.head), 1);
    if (execution.head.ended) this.#keep(execution);
  }

  #keep(execution: MemoryExecution): void {
    this.#ended.push(execution);
    this.#endedBytes += execution.bytes;
    const { keepEnded, keepEndedBytes } = this.#bounds;
    while (this.#ended.size > keepEnded || this.#endedBytes > keepEndedBytes) {
      const oldest = this.#ended.oldest();
      if (!oldest) return;
      this.#remove(oldest);
    }
  }

  #remove(execution: MemoryExecution): void {
    execution.isRemoved = true;
    this.#endedBytes -= execution.bytes;
    this.#byId.delete(execution.head.planId);
    this.#totals.add(stateOf(execution.head), -1);
    this.#submitted.noteRemoved();
    this.#ended.noteRemoved();
  }
}

function finishedAt({ head }: MemoryExecution): number {
  return head.finishedAt ?? Infinity;
}

function existsAlready({ head }: MemoryExecution): WriteAnswer {
  return { type: "exists", state: stateOf(head) };
}
