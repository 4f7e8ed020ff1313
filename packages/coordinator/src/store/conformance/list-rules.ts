import assert from "node:assert/strict";
import { isPlanwireError, isTerminal } from "@planwire/protocol";
import type { ListQuery, Store } from "../store.js";
import { ALL, rule, type StoreRule } from "./rule.js";
import {
  accept,
  assign,
  cancelled,
  commit,
  ended,
  failed,
  finish,
  lose,
  prune,
  succeeded,
  wish,
  write,
} from "./writes.js";

/** How executions are listed, and how old ones go. */
export const LIST_RULES: readonly StoreRule[] = [
  rule("lists nothing where nothing is", async (store) => {
    assert.deepEqual(await store.list(ALL), { plans: [], total: 0 });
  }),

  rule("lists summaries, newest submission first", async (store) => {
    await commit(store, write("a", 0, accept("a", { name: "tidy", submittedAt: 10 })));
    await commit(store, write("b", 0, accept("b", { kind: "stream" }), assign("b"), lose("b")));
    await commit(store, write("b", 1, assign("b", 2, { workerId: "worker-2" })));
    await commit(store, ended("c", failed("FILTER_ERROR"), 77));
    assert.deepEqual((await store.list(ALL)).plans, [
      {
        plan_id: "c",
        kind: "plan",
        state: "Failed",
        submitted_at: 1_700_000_000_000,
        finished_at: 77,
        attempts: 1,
        worker_id: "worker-1",
        error_code: "FILTER_ERROR",
      },
      {
        plan_id: "b",
        kind: "stream",
        state: "Running",
        submitted_at: 1_700_000_000_000,
        attempts: 2,
        worker_id: "worker-2",
      },
      { plan_id: "a", name: "tidy", kind: "plan", state: "Queued", submitted_at: 10, attempts: 0 },
    ]);
  }),

  rule("goes through all pages without a gap or a repeat, also while more come", async (store) => {
    await commit(store, ...numbered(0, 25));
    const seen: string[] = [];
    let before: string | undefined;
    // Four pages: 10, 10, 5, none.
    for (let page = 0; page < 4; page++) {
      const { plans, total } = await store.list({ ...ALL, limit: 10, before });
      assert.equal(total, await countOf(store, ALL));
      seen.push(...plans.map((summary) => summary.plan_id));
      before = plans.at(-1)?.plan_id;
      await commit(store, write(`late-${seen.length}`, 0, accept(`late-${seen.length}`)));
    }
    assert.equal(before, undefined);
    assert.deepEqual(
      seen,
      Array.from({ length: 25 }, (_, i) => `p${24 - i}`),
    );
  }),

  rule("filters by state before it limits, with exact totals", async (store) => {
    await commit(store, ...numbered(0, 6));
    await commit(store, write("p0", 1, assign("p0")), write("p1", 1, wish()));
    await commit(store, write("p2", 1, finish(succeeded())), write("p3", 1, finish(succeeded())));
    await commit(store, write("p4", 1, finish(cancelled())), ended("p6", failed("FILTER_ERROR")));
    const page = (state: ListQuery["state"], limit = 10, before?: string) =>
      store.list({ state, limit, before }).then(({ plans, total }) => {
        return [plans.map((summary) => summary.plan_id), total];
      });
    assert.deepEqual(await page("Queued"), [["p5"], 1]);
    assert.deepEqual(await page("Running"), [["p0"], 1]);
    assert.deepEqual(await page("Cancelling"), [["p1"], 1]);
    assert.deepEqual(await page("Succeeded", 1), [["p3"], 2]);
    assert.deepEqual(await page("Succeeded", 1, "p3"), [["p2"], 2]);
    assert.deepEqual(await page("Failed"), [["p6"], 1]);
    assert.deepEqual(await page("Cancelled"), [["p4"], 1]);
    assert.deepEqual(await page(undefined, 2), [["p6", "p5"], 7]);
  }),

  rule("says so when the page before ended with an execution that is gone", async (store) => {
    await commit(store, ended("p", succeeded(), 1));
    await prune(store, 2, 10);
    const asked = store.list({ ...ALL, before: "p" });
    await assert.rejects(asked, (error) => isPlanwireError(error, "PLAN_UNKNOWN"));
  }),

  rule("prunes what ended before a time, oldest end first, at most so many", async (store) => {
    const ends = { a: 30, b: 10, c: 40, d: 20 };
    for (const [id, end] of Object.entries(ends)) await commit(store, ended(id, succeeded(), end));
    assert.equal(await prune(store, 10, 10), 0);
    assert.equal(await prune(store, 40, 2), 2);
    assert.deepEqual(await ids(store), ["c", "a"]);
    assert.equal(await prune(store, 40, 10), 1);
    assert.equal(await prune(store, 40, 10), 0);
    assert.deepEqual(await ids(store), ["c"]);
    assert.equal(await store.get("a"), undefined);
  }),

  rule("keeps what has an expiry of its own until then, not longer or shorter", async (store) => {
    await commit(store, ended("short", succeeded(), 10, { expiresAt: 50 }));
    await commit(store, ended("usual", succeeded(), 20), ended("later", succeeded(), 70));
    await commit(store, ended("long", succeeded(), 5, { expiresAt: 100 }));
    const pruneAll = (now: number, endedBefore: number) =>
      store.prune({ now, endedBefore, limit: 10 });
    assert.equal(await pruneAll(49, 0), 0);
    assert.equal(await pruneAll(50, 0), 1);
    assert.deepEqual(await ids(store), ["long", "later", "usual"]);
    assert.equal(await pruneAll(99, 60), 1);
    assert.deepEqual(await ids(store), ["long", "later"]);
    assert.equal(await pruneAll(100, 0), 1);
    assert.deepEqual(await ids(store), ["later"]);
  }),

  rule("never prunes what has not ended", async (store) => {
    await commit(store, write("p", 0, accept("p", { submittedAt: 0 }), assign("p")));
    assert.equal(await prune(store, Number.MAX_SAFE_INTEGER, 10), 0);
    assert.deepEqual(await ids(store), ["p"]);
  }),

  rule("takes the id of a pruned execution anew, with nothing left of the old", async (store) => {
    await commit(store, ended("p", succeeded(), 1));
    await prune(store, 2, 10);
    const anew = accept("p", { name: "new" });
    assert.deepEqual(await commit(store, write("p", 0, anew)), [{ type: "done" }]);
    const found = await store.get("p");
    assert.deepEqual(
      [found?.name, found?.attempts, found?.takenOrder, found?.outcome],
      ["new", [], [], undefined],
    );
    assert.deepEqual(await store.list({ ...ALL, state: "Succeeded" }), { plans: [], total: 0 });
  }),

  rule("keeps totals exact through many lives", async (store) => {
    await commit(store, ...numbered(0, 200));
    for (let i = 0; i < 150; i++) {
      const refused = write(`p${i}`, 1, finish(succeeded()), wish());
      const [answer] = await commit(store, refused, write(`p${i}`, 1, finish(succeeded(), i)));
      assert.equal(answer?.type, "failed");
    }
    assert.equal(await prune(store, 100, 1_000), 100);
    assert.equal(await countOf(store, ALL), 100);
    assert.equal(await countOf(store, { ...ALL, state: "Succeeded" }), 50);
    assert.equal(await countOf(store, { ...ALL, state: "Queued" }), 50);
    const { plans } = await store.list(ALL);
    assert.equal(plans.filter(({ state }) => isTerminal(state)).length, 50);
  }),
];

function numbered(from: number, to: number) {
  return Array.from({ length: to - from }, (_, i) => {
    return write(`p${from + i}`, 0, accept(`p${from + i}`));
  });
}

async function ids(store: Store): Promise<string[]> {
  return (await store.list(ALL)).plans.map((summary) => summary.plan_id);
}

async function countOf(store: Store, query: ListQuery): Promise<number> {
  return (await store.list({ ...query, limit: 1 })).total;
}
