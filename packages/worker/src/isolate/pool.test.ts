import { expect, test } from "vitest";
import { PoolBench } from "../testing/pool-bench.js";

test("isolates are started when calls wait, up to the size, and run one call at a time", () => {
  const bench = PoolBench.loaded(2);
  bench.run(1);
  bench.run(2);
  bench.run(3);
  expect(bench.started).toHaveLength(2);
  bench.at(1).load();
  expect(bench.at(0).got).toEqual(["call 1"]);
  expect(bench.at(1).got).toEqual(["call 2"]);
  bench.at(0).finish(1);
  expect(bench.at(0).got).toEqual(["call 1", "call 3"]);
  expect(bench.told).toEqual(["started 1", "started 2", "started 3", "done 1 done"]);
});

test("the isolate that became idle last is taken first", () => {
  const bench = PoolBench.loaded(2);
  bench.run(1);
  bench.run(2);
  bench.at(1).load();
  bench.at(0).finish(1);
  bench.at(1).finish(2);
  bench.run(3);
  expect(bench.at(1).got).toContain("call 3");
});

test("one that dies takes its own call only, and the next call gets a fresh one", () => {
  const bench = PoolBench.loaded(1);
  bench.run(1);
  bench.run(2);
  bench.at(0).die();
  expect(bench.told).toEqual(["started 1", "crashed code 1", "done 1 crashed"]);
  bench.at(1).load();
  expect(bench.at(1).got).toEqual(["call 2"]);
});

test("one that dies idle costs no call", () => {
  const bench = PoolBench.loaded(1);
  bench.at(0).die();
  expect(bench.told).toEqual(["crashed code 1"]);
  bench.run(1);
  bench.at(1).load();
  expect(bench.at(1).got).toEqual(["call 1"]);
});

test("a killed call is done when its isolate has ended, and nobody calls that a crash", () => {
  const bench = PoolBench.loaded(1);
  bench.run(1);
  bench.pool.kill(1);
  expect(bench.at(0).got).toEqual(["call 1", "kill"]);
  bench.at(0).die("killed");
  expect(bench.told).toEqual(["started 1", "done 1 crashed"]);
});

test("a call that ends while its isolate is being killed gets no successor there", () => {
  const bench = PoolBench.loaded(1);
  bench.run(1);
  bench.pool.kill(1);
  bench.at(0).finish(1);
  bench.run(2);
  expect(bench.at(0).got).not.toContain("call 2");
  bench.at(0).die();
  bench.at(1).load();
  expect(bench.at(1).got).toEqual(["call 2"]);
});

test("an abort reaches the filter that runs, and drops what waits", () => {
  const bench = PoolBench.loaded(1);
  bench.run(1);
  bench.run(2);
  bench.pool.abort(1);
  bench.pool.abort(2);
  expect(bench.at(0).got).toEqual(["call 1", "abort 1"]);
  expect(bench.told).toEqual(["started 1", "done 2 dropped"]);
});

test("filters that no longer load cost each call that waits for them one start, not an endless row of starts", () => {
  const bench = PoolBench.loaded(1);
  bench.at(0).die();
  bench.run(1);
  bench.at(1).load([{ file: "f.ts", message: "broken", hint: "mend it" }]);
  expect(bench.told).toContain("loadFailed");
  expect(bench.told).toContain("done 1 failed");
  expect(bench.started).toHaveLength(2);
});

test("an isolate that ends while loading is a failure to load", async () => {
  const bench = new PoolBench(1);
  const first = bench.pool.load();
  bench.at(0).die("code 0");
  expect((await first).failures[0]?.message).toContain("code 0");
});

test("a closed pool ends its isolates and says nothing more", () => {
  const bench = PoolBench.loaded(1);
  bench.run(1);
  bench.pool.close();
  expect(bench.at(0).got).toContain("kill");
  bench.at(0).die();
  expect(bench.told).toEqual(["started 1"]);
});
