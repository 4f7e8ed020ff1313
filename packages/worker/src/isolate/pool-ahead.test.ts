import { expect, test } from "vitest";
import { callOf, PoolBench } from "../testing/pool-bench.js";
import { MOST_AHEAD } from "./claims.js";

/** Two threads that are busy, with 1 and 2; the first is given `ahead` when it answers 1, and goes on with the first of them. */
function bothBusy(...calls: readonly number[]): PoolBench {
  const bench = PoolBench.loaded(2, { claims: true });
  bench.run(1, 2);
  bench.at(1).load();
  bench.run(...calls);
  bench.told.length = 0;
  return bench;
}

/** Thread 0 runs 3 and has 4, 5 and 6 ahead; thread 1 runs 2, of which one hears nothing for long. */
function threeAhead(): PoolBench {
  const bench = bothBusy(3, 4, 5, 6, 7, 8, 9);
  bench.at(0).finish(1);
  expect(bench.at(0).got).toEqual(["call 1", "call 3", "ahead 4 5 6"]);
  for (const call of [7, 8, 9]) bench.pool.abort(call);
  bench.told.length = 0;
  return bench;
}

test("a busy thread is given its share of what waits ahead, in one message, and told of each as it begins", () => {
  const bench = bothBusy(3, 4, 5, 6);
  bench.at(0).finish(1);
  expect(bench.at(0).got).toEqual(["call 1", "call 3", "ahead 4 5"]);
  expect(bench.told).toEqual(["started 3", "done 1 done"]);
  bench.at(0).finish(3);
  expect(bench.told.slice(2)).toEqual(["started 4", "done 3 done"]);
});

test("it is given no more than it may have, and the next ones when half of those are left", () => {
  const bench = PoolBench.loaded(1, { claims: true });
  const calls = Array.from({ length: 40 }, (_, index) => index + 1);
  bench.run(...calls);
  bench.at(0).finish(1);
  const first = calls.slice(2, 2 + MOST_AHEAD);
  expect(bench.at(0).got.at(-1)).toBe(`ahead ${first.join(" ")}`);
  bench.at(0).finish(2, 3, 4);
  expect(bench.at(0).got).toHaveLength(3);
  bench.at(0).finish(5);
  expect(bench.at(0).got.at(-1)).toBe("ahead 11 12 13 14");
});

test("nothing is given ahead while a thread is idle or loads, nor to an isolate without shared memory", () => {
  const loading = PoolBench.loaded(2, { claims: true });
  loading.run(1, 2, 3, 4);
  loading.at(0).finish(1);
  expect(loading.at(0).got).toEqual(["call 1", "call 2"]);

  const processes = PoolBench.loaded(1);
  processes.run(1, 2, 3, 4);
  processes.at(0).finish(1);
  expect(processes.at(0).got).toEqual(["call 1", "call 2"]);
});

test("nothing is given ahead after a long call", () => {
  const bench = bothBusy(3, 4, 5, 6);
  bench.now += 100;
  bench.at(0).finish(1);
  expect(bench.at(0).got).toEqual(["call 1", "call 3"]);
  bench.at(0).finish(3);
  expect(bench.at(0).got.slice(2)).toEqual(["call 4", "ahead 5"]);
});

test("a call whose input goes away with its message is never given ahead, and keeps its place", () => {
  const bench = bothBusy(3, 4);
  bench.pool.run(callOf(5, { ownsInput: true }));
  bench.run(6, 7, 8, 9);
  bench.at(0).finish(1);
  expect(bench.at(0).got.slice(1)).toEqual(["call 3", "ahead 4"]);
  bench.at(1).finish(2);
  expect(bench.at(1).got.slice(1)).toEqual(["call 5", "ahead 6 7"]);
});

test("an idle thread takes back what another has ahead, the oldest first", () => {
  const bench = threeAhead();
  bench.at(1).finish(2);
  expect(bench.at(1).got.slice(1)).toEqual(["call 4"]);
  bench.at(1).finish(4);
  bench.at(1).finish(5);
  expect(bench.at(1).got.slice(2)).toEqual(["call 5", "call 6"]);
  expect(bench.at(0).beginNext()).toBeUndefined();
  expect(bench.told).toEqual([
    "started 4",
    "done 2 done",
    "started 5",
    "done 4 done",
    "started 6",
    "done 5 done",
  ]);
});

test("an idle thread leaves what the other has begun, and takes the next", () => {
  const bench = threeAhead();
  expect(bench.at(0).beginNext()).toBe(4);
  bench.at(1).finish(2);
  expect(bench.at(1).got.slice(1)).toEqual(["call 5"]);
  bench.at(0).finish(3);
  expect(bench.told).toEqual(["started 5", "done 2 done", "started 4", "done 3 done"]);
});

test("a call that its owner knows as started is not taken back, though its thread has not begun it", () => {
  const bench = threeAhead();
  bench.at(0).finish(3);
  for (const call of [5, 6]) bench.pool.abort(call);
  bench.at(1).finish(2);
  expect(bench.at(1).got).toEqual(["call 2"]);
  expect(bench.at(0).beginNext()).toBe(4);
});

test("what lies behind a long call goes before what waits, as soon as another thread takes calls", () => {
  const bench = bothBusy(3, 4, 5, 6, 7, 8, 9);
  bench.at(0).finish(1);
  bench.now += 100;
  bench.at(1).finish(2);
  expect(bench.at(1).got.slice(1)).toEqual(["call 4"]);
  bench.at(1).finish(4);
  expect(bench.at(1).got.slice(2)).toEqual(["call 5", "ahead 6 7"]);
  expect(bench.at(0).beginNext()).toBeUndefined();
});

test("a thread that has just loaded takes over, too", () => {
  const bench = threeAhead();
  bench.at(1).die();
  bench.at(2).load();
  expect(bench.at(2).got).toEqual(["call 4"]);
});

test("an abort drops what is ahead; what has begun is told", () => {
  const bench = threeAhead();
  bench.pool.abort(5);
  expect(bench.told).toEqual(["done 5 dropped"]);
  expect(bench.at(0).beginNext()).toBe(4);
  bench.pool.abort(4);
  expect(bench.at(0).got.at(-1)).toBe("abort 4");
  expect(bench.told).toHaveLength(1);
  bench.at(0).finish(3, 4);
  expect(bench.told.slice(1)).toEqual(["started 4", "done 3 done", "started 6", "done 4 done"]);
});

test("a kill takes one call; those that were ahead run elsewhere, in their order, before what waits", () => {
  const bench = threeAhead();
  bench.run(10);
  bench.pool.kill(3);
  expect(bench.at(0).got.at(-1)).toBe("kill");
  bench.at(0).die("killed");
  expect(bench.told).toEqual(["done 3 crashed"]);
  bench.at(2).load();
  bench.at(2).finish(4);
  expect(bench.at(2).got).toEqual(["call 4", "call 5", "ahead 6"]);
  bench.at(2).finish(5, 6);
  expect(bench.told.filter((told) => told.startsWith("started"))).toEqual([
    "started 4",
    "started 5",
    "started 6",
    "started 10",
  ]);
});

test("a call whose answer is on its way is not killed: that would harm the one that its thread has begun since", () => {
  const bench = threeAhead();
  expect(bench.at(0).beginNext()).toBe(4);
  bench.pool.kill(3);
  expect(bench.at(0).got).not.toContain("kill");
  bench.at(0).finish(3, 4);
  expect(bench.told.slice(0, 2)).toEqual(["started 4", "done 3 done"]);
  expect(bench.told).toContain("done 4 done");
});

test("a call that has begun can be killed before that is known: the answer before it still counts", () => {
  const bench = threeAhead();
  expect(bench.at(0).beginNext()).toBe(4);
  bench.pool.kill(4);
  expect(bench.at(0).got.at(-1)).toBe("kill");
  bench.at(0).finish(3);
  bench.at(0).die("killed");
  expect(bench.told).toEqual(["started 4", "done 3 done", "done 4 crashed"]);
  bench.at(2).load();
  expect(bench.at(2).got).toEqual(["call 5"]);
});

test("a thread that dies takes the call that it ran, and no other", () => {
  const bench = threeAhead();
  expect(bench.at(0).beginNext()).toBe(4);
  bench.at(0).finish(3);
  bench.at(0).die();
  expect(bench.told).toEqual(["started 4", "done 3 done", "crashed code 1", "done 4 crashed"]);
  bench.at(2).load();
  expect(bench.at(2).got).toEqual(["call 5"]);
});

test("a thread that can't load any more costs one call that waits, not those ahead elsewhere", () => {
  const bench = threeAhead();
  bench.at(1).die();
  bench.told.length = 0;
  bench.at(2).load([{ file: "f.ts", message: "broken", hint: "mend it" }]);
  expect(bench.told).toEqual(["loadFailed"]);
  expect(bench.at(0).beginNext()).toBe(4);
  expect(bench.started).toHaveLength(3);
});

test("a closed pool says nothing of what is ahead", () => {
  const bench = threeAhead();
  bench.pool.close();
  bench.at(0).finish(3, 4);
  bench.at(0).die();
  expect(bench.told).toEqual([]);
});
