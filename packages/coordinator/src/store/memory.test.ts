import { describe, expect, test } from "vitest";
import {
  commit,
  accept,
  assign,
  ended,
  finish,
  prune,
  succeeded,
  write,
} from "./conformance/writes.js";
import { memoryStore } from "./memory.js";
import { STORE_RULES } from "./store-conformance.js";
import type { ListQuery, Store } from "./store.js";

const ALL: ListQuery = { limit: 1_000, state: undefined, before: undefined };

async function opened(keepEnded?: number): Promise<Store> {
  const store = memoryStore(keepEnded === undefined ? {} : { keepEnded });
  await store.open();
  return store;
}

async function ids(store: Store): Promise<string[]> {
  return (await store.list(ALL)).plans.map((summary) => summary.plan_id);
}

describe("the memory store keeps the rules of every store", () => {
  test.each(STORE_RULES.map((rule) => [rule.name, rule] as const))("%s", async (_name, rule) => {
    await rule.check({ store: memoryStore(), again: () => memoryStore(), durable: false });
  });
});

describe("the memory store", () => {
  test("answers before commit returns", async () => {
    const store = await opened();
    let answered = false;
    store.commit([write("p", 0, accept("p"))], () => (answered = true));
    expect(answered).toBe(true);
  });

  test("lets go of the oldest ended execution beyond its bound, and of no live one", async () => {
    const store = await opened(2);
    await commit(store, write("live", 0, accept("live"), assign("live")));
    await commit(store, write("first-in-last-out", 0, accept("first-in-last-out")));
    for (const id of ["a", "b", "c"]) await commit(store, ended(id, succeeded()));
    expect(await ids(store)).toEqual(["c", "b", "first-in-last-out", "live"]);
    await commit(store, write("first-in-last-out", 1, finish(succeeded())));
    expect(await ids(store)).toEqual(["c", "first-in-last-out", "live"]);
    expect(await store.get("a")).toBeUndefined();
    expect(await store.list({ ...ALL, state: "Succeeded", limit: 1 })).toMatchObject({ total: 2 });
  });

  test("keeps no more than its bound over many executions, pruned in between", async () => {
    const store = await opened(100);
    for (let i = 0; i < 5_000; i++) {
      await commit(store, ended(`p${i}`, succeeded(), i));
      if (i % 97 === 0) await prune(store, i - 50, 10);
      const { total } = await store.list({ ...ALL, limit: 1 });
      expect(total).toBeLessThanOrEqual(100);
    }
    const expected = Array.from({ length: 100 }, (_, i) => `p${4_999 - i}`);
    expect(await ids(store)).toEqual(expected);
  });

  test("gives snapshots that later writes don't change", async () => {
    const store = await opened();
    await commit(store, write("p", 0, accept("p"), assign("p")));
    const before = await store.get("p");
    await commit(store, write("p", 1, assign("p", 2)));
    expect(before).toMatchObject({ version: 1, attempts: [{ attempt: 1 }] });
  });

  test("lets go of the oldest that ended beyond its bytes", async () => {
    const store = memoryStore({ keepEndedBytes: 1_000 });
    await store.open();
    for (const id of ["a", "b", "c"])
      await commit(store, ended(id, succeeded(), 1, { bytes: 400 }));
    expect(await ids(store)).toEqual(["c", "b"]);
    await commit(store, ended("large", succeeded(), 1, { bytes: 1_001 }));
    expect(await ids(store)).toEqual([]);
    await commit(store, ended("d", succeeded(), 1, { bytes: 1_000 }));
    expect(await ids(store)).toEqual(["d"]);
    await prune(store, 2, 1);
    for (const id of ["e", "f"]) await commit(store, ended(id, succeeded(), 1, { bytes: 500 }));
    expect(await ids(store)).toEqual(["f", "e"]);
  });

  test.each([-1, 1.5, NaN])("refuses to keep %s executions", (keepEnded) => {
    expect(() => memoryStore({ keepEnded })).toThrow(
      expect.objectContaining({ code: "BAD_USAGE" }),
    );
  });
});
