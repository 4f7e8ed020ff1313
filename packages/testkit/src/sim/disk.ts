import {
  acceptedHead,
  isExpected,
  MemoryExecution,
  RefusedChange,
  stateOf,
  summaryOf,
  type ListQuery,
  type Opened,
  type PruneQuery,
  type StoredExecution,
  type StoredOffer,
  type Write,
  type WriteAnswer,
} from "@planwire/coordinator/core";
import { isTerminal, type ExecutionSummary } from "@planwire/protocol";
import type { Chance } from "./chance.js";
import type { Clock } from "./clock.js";

export interface DiskSpeed {
  readonly leastMs: number;
  readonly mostMs: number;
}

export interface DiskListener {
  /** The write is on disk; whoever asked is told a moment later. */
  landed(write: Write): void;
  /** Nothing of the write is on disk, and whoever asked is told so. */
  failed(write: Write, reason: string): void;
  /** A crash took these with it: nobody was told anything of them. */
  lost(writes: readonly Write[]): void;
  /** A crash came after these had landed, and before anybody was told. */
  landedUntold(writes: readonly Write[]): void;
  /** The power failed, and took these back, which had landed and been told: they had not been synced. */
  takenBack(writes: readonly Write[]): void;
  /** A crash took these plans with it: they were to be kept in memory alone. */
  forgotten(planIds: readonly string[]): void;
  /** The coordinator learns, or would have, that another one has this plan. */
  refused(planId: string): void;
}

interface Waiting {
  readonly writes: readonly Write[];
  readonly answer: (answers: readonly WriteAnswer[]) => void;
}

/** A killed process leaves to the system what it had written; a machine without power keeps what was synced. */
export type Crash = "killed" | "without power";

/**
 * A disk behind the store's interface, as SQLite behaves: writes wait for the commit under way, share the next one, and are there all
 * together or not at all. What is on it outlives the coordinator. A commit that says no more than what has started is not synced by itself.
 */
export class SimDisk {
  readonly #clock: Clock;
  readonly #chance: Chance;
  readonly #listener: DiskListener;
  readonly historyId: string;
  speed: DiskSpeed = { leastMs: 0.2, mostMs: 2 };
  /** While it is full every commit fails. */
  isFull = false;
  #boots = 0;
  readonly #offered = new Map<string, StoredOffer>();
  #table = new Map<string, MemoryExecution>();
  #waiting: Waiting[] = [];
  /** Plans that need not outlive the coordinator. */
  readonly #inMemory = new Set<string>();
  /** Plans that another coordinator has taken; false until ours was told. */
  readonly #taken = new Map<string, boolean>();
  #underWay: Waiting[] | undefined;
  #strike: (() => void) | undefined;
  #strikeUnsynced: (() => void) | undefined;
  /** By plan: all writes that it is made of. */
  readonly #history = new Map<string, Write[]>();
  /** What has landed since the last sync, oldest first. */
  #unsynced: Write[] = [];
  readonly #needsSync: (write: Write) => boolean;

  constructor(
    clock: Clock,
    chance: Chance,
    historyId: string,
    listener: DiskListener,
    needsSync: ((write: Write) => boolean) | undefined,
  ) {
    this.#clock = clock;
    this.#chance = chance;
    this.historyId = historyId;
    this.#listener = listener;
    this.#needsSync = needsSync ?? saysMoreThanStarts;
  }

  open(): Opened {
    this.#boots += 1;
    for (const [planId, isTold] of this.#taken) if (!isTold) this.#refuse(planId);
    const stored = [...this.#table.values()].map((execution) => copyOf(execution.snapshot()));
    return {
      historyId: this.historyId,
      boot: this.#boots,
      live: stored.filter((one) => one.outcome === undefined && !this.#taken.has(one.planId)),
      offered: [...this.#offered.values()],
    };
  }

  /** A crash before it has landed takes it away, and so does a full disk: nobody is told. */
  rememberOffers(offers: readonly StoredOffer[]): void {
    const boot = this.#boots;
    this.#clock.after(this.#duration(), () => {
      if (boot !== this.#boots || this.isFull) return;
      for (const offer of offers) this.#offered.set(offer.key, offer);
    });
  }

  commit(writes: readonly Write[], answer: Waiting["answer"]): void {
    if (writes.every(({ durability }) => durability === "memory")) {
      return answer(this.#land(writes.map(copyOf)));
    }
    // What is written is what was said now: the core may change its objects afterwards.
    this.#waiting.push({ writes: writes.map(copyOf), answer });
    if (this.#underWay === undefined) this.#commitNext();
  }

  #commitNext(): void {
    const batch = this.#waiting;
    if (batch.length === 0) return;
    this.#waiting = [];
    this.#underWay = batch;
    const duration = this.#duration();
    if (this.#strike !== undefined) this.#clock.after(duration / 2, this.#strike);
    this.#strike = undefined;
    this.#clock.after(duration, () => {
      if (this.#underWay !== batch) return; // a crash came first
      this.#underWay = undefined;
      const answers = batch.map(({ writes }) => this.#land(writes));
      this.#sync(batch.flatMap(({ writes }) => writes));
      this.#commitNext();
      for (const [index, { answer }] of batch.entries()) answer(answers[index] ?? []);
    });
  }

  /** Something happens in the middle of the next commit. */
  strikeNextCommit(strike: () => void): void {
    this.#strike = strike;
  }

  /** Something happens when next a commit has landed unsynced. */
  strikeNextUnsynced(strike: () => void): void {
    this.#strikeUnsynced = strike;
  }

  /** A sync takes along whatever landed before it. */
  #sync(writes: readonly Write[]): void {
    if (this.isFull) return;
    const onDisk = writes.filter(({ durability }) => durability !== "memory");
    if (onDisk.some(this.#needsSync)) {
      this.#unsynced = [];
      return;
    }
    this.#unsynced.push(...onDisk);
    if (this.#strikeUnsynced !== undefined) this.#clock.after(0, this.#strikeUnsynced);
    this.#strikeUnsynced = undefined;
  }

  #duration(): number {
    const { leastMs, mostMs } = this.speed;
    return leastMs + this.#chance.fraction() * (mostMs - leastMs);
  }

  #land(writes: readonly Write[]): WriteAnswer[] {
    return writes.map((write) => {
      if (this.isFull) return this.#fail(write, "the disk is full");
      try {
        return this.#apply(write);
      } catch (error) {
        if (!(error instanceof RefusedChange)) throw error;
        return this.#fail(write, error.message);
      }
    });
  }

  #fail(write: Write, reason: string): WriteAnswer {
    this.#listener.failed(write, reason);
    return { type: "failed", reason };
  }

  #apply(write: Write): WriteAnswer {
    const [first] = write.changes;
    const known = this.#table.get(write.planId);
    if (first?.type === "accept") {
      if (known !== undefined) {
        return { type: "exists", state: stateOf(known.head) };
      }
      this.#table.set(write.planId, executionOf([write], this.#table.size));
      this.#history.set(write.planId, [write]);
      if (write.durability === "memory") this.#inMemory.add(write.planId);
    } else {
      if (this.#taken.has(write.planId)) return this.#refuse(write.planId);
      if (known === undefined || !isExpected(known.head, write)) return { type: "notOwner" };
      known.apply(write.changes);
      this.#history.get(write.planId)?.push(write);
    }
    this.#listener.landed(write);
    return { type: "done" };
  }

  /** Another coordinator decides about it from now on. It is not seen to do so. */
  takeAway(planId: string): void {
    this.#taken.set(planId, false);
  }

  /** Ids of plans that could be taken away: they live, and not in memory alone. */
  liveIds(): string[] {
    return [...this.#table].flatMap(([planId, { head }]) => {
      const isOurs = !this.#taken.has(planId) && !this.#inMemory.has(planId);
      return isOurs && !isTerminal(stateOf(head)) ? [planId] : [];
    });
  }

  #refuse(planId: string): WriteAnswer {
    if (this.#taken.get(planId) === false) this.#listener.refused(planId);
    this.#taken.set(planId, true);
    return { type: "notOwner" };
  }

  prune(query: PruneQuery): number {
    const due = [...this.#table].filter(([, execution]) => execution.isDue(query));
    const removed = due.slice(0, query.limit);
    for (const [planId] of removed) this.#remove(planId);
    return removed.length;
  }

  #remove(planId: string): boolean {
    this.#history.delete(planId);
    return this.#table.delete(planId);
  }

  /** The coordinator dies. A commit under way lands whole or not at all; what waited is gone. */
  crash(how: Crash): void {
    const underWay = this.#underWay?.flatMap(({ writes }) => writes) ?? [];
    const waiting = this.#waiting.flatMap(({ writes }) => writes);
    this.#underWay = undefined;
    this.#waiting = [];
    if (underWay.length > 0 && !this.isFull && this.#chance.happens(50)) {
      this.#land(underWay);
      this.#sync(underWay);
      this.#listener.landedUntold(underWay);
      if (waiting.length > 0) this.#listener.lost(waiting);
    } else if (underWay.length + waiting.length > 0) {
      this.#listener.lost([...underWay, ...waiting]);
    }
    const forgotten = [...this.#inMemory].filter((planId) => this.#remove(planId));
    this.#inMemory.clear();
    this.#listener.forgotten(forgotten);
    if (how === "without power") this.#takeBackUnsynced();
  }

  /** The disk had got to some of it, in its order. */
  #takeBackUnsynced(): void {
    const lost = new Set(this.#unsynced.slice(this.#chance.below(this.#unsynced.length + 1)));
    this.#unsynced = [];
    for (const planId of new Set([...lost].map((write) => write.planId))) {
      const kept = (this.#history.get(planId) ?? []).filter((write) => !lost.has(write));
      const position = this.#table.get(planId)?.position ?? 0;
      if (kept.length === 0) this.#remove(planId);
      else {
        this.#history.set(planId, kept);
        this.#table.set(planId, executionOf(kept, position));
      }
    }
    this.#listener.takenBack([...lost]);
  }

  get(planId: string): StoredExecution | undefined {
    const found = this.#taken.has(planId) ? undefined : this.#table.get(planId);
    return found === undefined ? undefined : copyOf(found.snapshot());
  }

  list({ limit, state }: ListQuery): { plans: ExecutionSummary[]; total: number } {
    const matching = [...this.#table.values()]
      .toReversed()
      .filter(({ head }) => state === undefined || stateOf(head) === state);
    return {
      plans: matching.slice(0, limit).map(({ head }) => summaryOf(head)),
      total: matching.length,
    };
  }
}

function saysMoreThanStarts({ changes }: Write): boolean {
  return changes.some(({ type }) => type !== "started");
}

/** The first write is its acceptance. */
function executionOf([accepted, ...later]: readonly Write[], position: number): MemoryExecution {
  const [accept, ...more] = accepted?.changes ?? [];
  if (accepted === undefined || accept?.type !== "accept")
    throw new Error("an execution begins with its acceptance");
  const made = new MemoryExecution(acceptedHead(accepted, accept), accept.plan, position);
  made.apply(more);
  for (const { changes } of later) made.apply(changes);
  return made;
}

function copyOf<T>(value: T): T {
  return structuredClone(value);
}
