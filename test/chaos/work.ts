// Clients of all kinds at work: one submits and waits, one watches, one cancels. What each was told is kept for the count.
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type CancelReply, type Outcome, type Planwire, type RunEvent } from "planwire";
import type { Chance } from "../chance.js";
import type { Ordered } from "./plans.js";
import type { Fleet } from "./processes.js";
import type { CuttingProxy } from "./proxy.js";

/** What became of one plan, as clients were told. */
export interface Told {
  readonly ordered: Ordered;
  submitted: boolean;
  outcome?: Outcome | undefined;
  /** When the submitter learnt the outcome. */
  toldAt?: number;
  watched?: Outcome;
  readonly events: RunEvent[];
  cancel?: CancelReply;
  /** What a client threw that should not have. */
  readonly thrown: string[];
}

export interface WorkOptions {
  readonly orders: readonly Ordered[];
  readonly chance: Chance;
  /** Plans submitted and not ended at a time. */
  readonly inFlight: number;
  /** Shares from 0 to 1. */
  readonly watched: number;
  readonly cancelled: number;
}

export class Work {
  readonly told = new Map<string, Told>();
  readonly wires: Readonly<Record<"submitter" | "watcher" | "canceller", CuttingProxy>>;
  readonly #options: WorkOptions;
  readonly #clients: Readonly<Record<"submitter" | "watcher" | "canceller", Planwire>>;
  readonly #underWay = new Set<Promise<void>>();
  #open = 0;
  #ahead = 0;

  private constructor(
    options: WorkOptions,
    wires: Work["wires"],
    clients: Readonly<Record<"submitter" | "watcher" | "canceller", Planwire>>,
  ) {
    this.#options = options;
    this.wires = wires;
    this.#clients = clients;
  }

  static async on(fleet: Fleet, options: WorkOptions): Promise<Work> {
    const wires = {
      submitter: await fleet.newWires(),
      watcher: await fleet.newWires(),
      canceller: await fleet.newWires(),
    };
    const [submitter, watcher, canceller] = await Promise.all([
      connect(wires.submitter.url),
      connect(wires.watcher.url),
      connect(wires.canceller.url),
    ]);
    return new Work(options, wires, { submitter, watcher, canceller });
  }

  /** Whether plans are still to be submitted or to end. */
  get goesOn(): boolean {
    return this.told.size < this.#options.orders.length || this.#open > 0;
  }

  get unfinished(): Told[] {
    return [...this.told.values()].filter(({ outcome }) => outcome === undefined);
  }

  /** Some that it will submit itself much later; fewer when there are none left. */
  takeAhead(count: number): readonly Ordered[] {
    const { orders } = this.#options;
    const to = orders.length - this.#ahead;
    this.#ahead += count;
    return orders.slice(Math.max(to - count, this.told.size), Math.max(to, 0));
  }

  /** Throws unless each is known to the coordinator. */
  async find(ids: readonly string[]): Promise<void> {
    await Promise.all(ids.map((id) => this.#clients.watcher.get(id)));
  }

  /** Ends when everything has ended, and everybody who asked was told. */
  async done(): Promise<void> {
    const { orders, inFlight } = this.#options;
    const left = orders.values();
    const hands = Array.from({ length: inFlight }, async () => {
      for (const ordered of left) await this.#runOne(ordered);
    });
    await Promise.all(hands);
    await Promise.all(this.#underWay);
  }

  async close(): Promise<void> {
    await Promise.all(Object.values(this.#clients).map((client) => client.close()));
  }

  async #runOne(ordered: Ordered): Promise<void> {
    const { chance, watched, cancelled } = this.#options;
    const told: Told = { ordered, submitted: false, events: [], thrown: [] };
    this.told.set(ordered.id, told);
    this.#open += 1;
    const isWatched = chance.happens(watched);
    const isCancelled = chance.happens(cancelled) || ordered.isEndless;
    const cancelAfter = chance.between(0, ordered.isEndless ? 1_000 : 100);
    await this.#noting(told, async () => {
      const run = await this.#clients.submitter.submit(ordered.document);
      told.submitted = true;
      if (isWatched) this.#beside(told, () => this.#watch(told));
      if (isCancelled) this.#beside(told, () => this.#cancel(told, cancelAfter));
      told.outcome = await run.outcome();
      told.toldAt = Date.now();
    });
    this.#open -= 1;
  }

  async #watch(told: Told): Promise<void> {
    const run = await this.#clients.watcher.get(told.ordered.id);
    for await (const event of run.events()) told.events.push(event);
    told.watched = await run.outcome();
  }

  async #cancel(told: Told, after: number): Promise<void> {
    await sleep(after);
    told.cancel = await this.#clients.canceller.cancel(told.ordered.id);
  }

  #beside(told: Told, does: () => Promise<void>): void {
    const done = this.#noting(told, does).then(() => void this.#underWay.delete(done));
    this.#underWay.add(done);
  }

  async #noting(told: Told, does: () => Promise<void>): Promise<void> {
    try {
      await does();
    } catch (error) {
      told.thrown.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
  }
}
