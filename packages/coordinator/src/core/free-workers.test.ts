import { expect, it } from "vitest";
import type { ConnectionId } from "@planwire/protocol";
import { chanceOf } from "../testing/chance.js";
import { FreeWorkers } from "./free-workers.js";
import { newWorkerSession } from "./new-records.js";
import { freeSlots, loadOf } from "./slots.js";
import type { WorkerSession } from "./state.js";

function worker(index: number): WorkerSession {
  const session = newWorkerSession(`w${String(index).padStart(2, "0")}`, "i", 0);
  session.conn = session.workerId as ConnectionId;
  session.slots = 1 + (index % 4);
  return session;
}

function leastLoaded(workers: readonly WorkerSession[]): WorkerSession | undefined {
  const free = workers.filter((one) => freeSlots(one) > 0);
  return free.toSorted((a, b) => loadOf(a) - loadOf(b) || (a.workerId < b.workerId ? -1 : 1))[0];
}

it("the first is the least loaded, ties by id, although it is told only of what came free", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const chance = chanceOf(seed);
    const workers = Array.from({ length: 20 }, (_, index) => worker(index));
    const free = new FreeWorkers();
    for (const one of workers) free.place(one);
    for (let step = 0; step < 300; step++) {
      const one = workers[chance(workers.length)];
      if (!one) continue;
      const before = freeSlots(one) > 0 ? loadOf(one) : Infinity;
      one.otherSlots = chance(one.slots + 1);
      one.full = chance(10) === 0;
      const after = freeSlots(one) > 0 ? loadOf(one) : Infinity;
      if (after < before) free.place(one);
      expect(free.first()?.workerId).toBe(leastLoaded(workers)?.workerId);
    }
  }
});

it("a worker that was removed is not found any more", () => {
  const free = new FreeWorkers();
  const [first, second] = [worker(1), worker(2)];
  for (const one of [first, second]) free.place(one);
  free.remove(first);
  free.remove(first);
  expect([free.knows(first), free.first()]).toEqual([false, second]);
});
