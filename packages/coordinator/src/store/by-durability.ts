import { memoryStore, type MemoryStore } from "./memory.js";
import type {
  ListPage,
  ListQuery,
  Opened,
  PruneQuery,
  Store,
  StoredExecution,
  StoredOffer,
  Write,
  WriteAnswer,
} from "./store.js";

type Answer = (answers: readonly WriteAnswer[]) => void;

/**
 * A store on disk, and one in memory beside it for executions that need not outlive this process: those wait for no disk, and no disk
 * for them. In lists they come first.
 */
export function byDurability(disk: Store): Store {
  return new StoreByDurability(disk, memoryStore());
}

class StoreByDurability implements Store {
  readonly #disk: Store;
  readonly #memory: MemoryStore;

  constructor(disk: Store, memory: MemoryStore) {
    this.#disk = disk;
    this.#memory = memory;
  }

  async open(): Promise<Opened> {
    const opened = await this.#disk.open();
    await this.#memory.open();
    return opened;
  }

  commit(writes: readonly Write[], answer: Answer): void {
    const inMemory = writes.filter((write) => this.#isInMemory(write));
    if (inMemory.length === 0) return this.#disk.commit(writes, answer);
    if (inMemory.length === writes.length) return this.#memory.commit(writes, answer);
    this.#commitBoth(writes, new Set(inMemory), answer);
  }

  /** Also a plan that is to be on disk, when its id stands for one in memory: that is where it exists already. */
  #isInMemory({ planId, durability, changes: [first] }: Write): boolean {
    if (durability === "memory") return true;
    return first?.type === "accept" && this.#memory.has(planId);
  }

  #commitBoth(writes: readonly Write[], inMemory: ReadonlySet<Write>, answer: Answer): void {
    const answers = new Map<Write, WriteAnswer>();
    const land = (store: Store, some: readonly Write[]): void =>
      store.commit(some, (given) => {
        for (const [index, one] of given.entries()) {
          const write = some[index];
          if (write) answers.set(write, one);
        }
        if (answers.size === writes.length) answer(writes.flatMap((one) => answers.get(one) ?? []));
      });
    land(this.#memory, [...inMemory]);
    land(
      this.#disk,
      writes.filter((write) => !inMemory.has(write)),
    );
  }

  async get(planId: string): Promise<StoredExecution | undefined> {
    return (await this.#memory.get(planId)) ?? (await this.#disk.get(planId));
  }

  async list(query: ListQuery): Promise<ListPage> {
    const { before, limit, state } = query;
    const isPastMemory = before !== undefined && !this.#memory.has(before);
    const first = await this.#memory.list(
      isPastMemory ? { state, limit: 0, before: undefined } : query,
    );
    const rest = { state, limit: limit - first.plans.length };
    const second = await this.#disk.list({ ...rest, before: isPastMemory ? before : undefined });
    return { plans: [...first.plans, ...second.plans], total: first.total + second.total };
  }

  async prune(query: PruneQuery): Promise<number> {
    const removed = await this.#memory.prune(query);
    const limit = query.limit - removed;
    return limit > 0 ? removed + (await this.#disk.prune({ ...query, limit })) : removed;
  }

  rememberOffers(offers: readonly StoredOffer[], most: number): Promise<void> {
    return this.#disk.rememberOffers(offers, most);
  }

  async close(): Promise<void> {
    await this.#memory.close();
    await this.#disk.close();
  }
}
