import { describe, expect, test } from "vitest";
import { byDurability } from "./by-durability.js";
import { ALL, getExecution } from "./conformance/rule.js";
import { accept, commit, finish, succeeded, write } from "./conformance/writes.js";
import { memoryStore } from "./memory.js";
import { STORE_RULES } from "./store-conformance.js";
import type { Store, Write, WriteAnswer } from "./store.js";

/** A store whose commits are answered when the test says so. */
function slowStore(): Store & { landAll(): void } {
  const store = memoryStore();
  const waiting: (() => void)[] = [];
  return {
    open: () => store.open(),
    close: () => store.close(),
    get: (planId) => store.get(planId),
    list: (query) => store.list(query),
    prune: (query) => store.prune(query),
    rememberOffers: (offers, most) => store.rememberOffers(offers, most),
    commit: (writes, answer) => void waiting.push(() => store.commit(writes, answer)),
    landAll: () => waiting.splice(0).forEach((land) => land()),
  };
}

const inMemory = (one: Write): Write => ({ ...one, durability: "memory" });
const submitted = (id: string) => write(id, 0, accept(id));

async function opened() {
  const disk = slowStore();
  const store = byDurability(disk);
  await store.open();
  return { disk, store };
}

describe("a store by durability", () => {
  const subject = () => byDurability(memoryStore());
  test.each(STORE_RULES)("$name", (rule) =>
    rule.check({ store: subject(), again: subject, durable: false }),
  );
});

test("what need not outlive the process is answered at once, however slow the disk is", async () => {
  const { disk, store } = await opened();
  const answered: string[] = [];
  store.commit([submitted("on-disk")], () => answered.push("on-disk"));
  store.commit([inMemory(submitted("in-memory"))], () => answered.push("in-memory"));
  expect(answered).toEqual(["in-memory"]);
  disk.landAll();
  expect(answered).toEqual(["in-memory", "on-disk"]);
});

test("nothing of it comes to the disk", async () => {
  const { disk, store } = await opened();
  await commit(store, inMemory(submitted("p")), inMemory(write("p", 1, finish(succeeded()))));
  expect(await disk.get("p")).toBeUndefined();
  expect(await getExecution(store, "p")).toMatchObject({ state: "Succeeded" });
});

test("writes of both kinds that are handed over together are answered in their order", async () => {
  const { disk, store } = await opened();
  const given: WriteAnswer[][] = [];
  const again = submitted("m");
  store.commit([submitted("d"), inMemory(again), inMemory(again)], (all) => given.push([...all]));
  expect(given).toEqual([]);
  disk.landAll();
  expect(given).toEqual([
    [{ type: "done" }, { type: "done" }, { type: "exists", state: "Queued" }],
  ]);
});

test("an id that stands for a plan in memory is not taken again for one on disk", async () => {
  const { store } = await opened();
  await commit(store, inMemory(submitted("p")));
  expect(await commit(store, submitted("p"))).toEqual([{ type: "exists", state: "Queued" }]);
});

test("lists what is in memory first, then what is on disk, through all pages and with exact totals", async () => {
  const store = byDurability(memoryStore());
  await store.open();
  for (let i = 0; i < 5; i++) {
    await commit(store, submitted(`d${i}`));
    await commit(store, inMemory(submitted(`m${i}`)));
  }
  const seen: string[] = [];
  for (let page = 0, before: string | undefined; page < 4; page++) {
    const { plans, total } = await store.list({ ...ALL, limit: 3, before });
    expect(total).toBe(10);
    seen.push(...plans.map((summary) => summary.plan_id));
    before = plans.at(-1)?.plan_id;
  }
  expect(seen).toEqual(["m4", "m3", "m2", "m1", "m0", "d4", "d3", "d2", "d1", "d0"]);
});

test("what has been kept long enough goes from both", async () => {
  const store = byDurability(memoryStore());
  await store.open();
  for (const id of ["a", "b"]) {
    await commit(store, submitted(id), write(id, 1, finish(succeeded(), 10)));
    const other = `${id}-in-memory`;
    await commit(
      store,
      inMemory(submitted(other)),
      inMemory(write(other, 1, finish(succeeded(), 10))),
    );
  }
  const query = { now: 100, endedBefore: 50 };
  expect(await store.prune({ ...query, limit: 3 })).toBe(3);
  expect(await store.prune({ ...query, limit: 3 })).toBe(1);
  expect(await store.prune({ ...query, limit: 3 })).toBe(0);
});
