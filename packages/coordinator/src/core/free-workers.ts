import { addToHeap, moveInHeap, removeFromHeap, type Placed } from "./heap.js";
import { freeSlots, loadOf } from "./slots.js";
import type { WorkerSession } from "./state.js";

interface Entry extends Placed {
  readonly worker: WorkerSession;
  /** As it was when the worker was placed. */
  load: number;
}

/**
 * Workers with a free slot, the least loaded first, ties by id. `place` is called whenever a worker may have become freer; one that has
 * become less free meanwhile is found out when it comes first.
 */
export class FreeWorkers {
  readonly #heap: Entry[] = [];
  readonly #entries = new Map<WorkerSession, Entry>();

  /** Adds a worker, moves it to where its load puts it now, or removes one that has no free slot. */
  place(worker: WorkerSession): void {
    const known = this.#entries.get(worker);
    if (freeSlots(worker) <= 0) return this.remove(worker);
    if (!known) {
      const entry = { worker, load: loadOf(worker), index: 0 };
      this.#entries.set(worker, entry);
      return addToHeap(this.#heap, entry, comesBefore);
    }
    known.load = loadOf(worker);
    moveInHeap(this.#heap, known, comesBefore);
  }

  remove(worker: WorkerSession): void {
    const entry = this.#entries.get(worker);
    if (!entry) return;
    this.#entries.delete(worker);
    removeFromHeap(this.#heap, entry, comesBefore);
  }

  first(): WorkerSession | undefined {
    for (let [first] = this.#heap; first; [first] = this.#heap) {
      const { worker, load } = first;
      if (freeSlots(worker) > 0 && loadOf(worker) === load) return worker;
      this.place(worker);
    }
    return undefined;
  }

  /** Whether a worker stands here, and not for more loaded than it is. */
  knows(worker: WorkerSession): boolean {
    const entry = this.#entries.get(worker);
    return entry !== undefined && entry.load <= loadOf(worker);
  }
}

function comesBefore(one: Entry, other: Entry): boolean {
  const more = one.load - other.load;
  return more < 0 || (more === 0 && one.worker.workerId < other.worker.workerId);
}
