import { expect, test } from "vitest";
import type { CallId } from "../core/filter-call.js";
import { callOf } from "../testing/pool-bench.js";
import { CallLine } from "./call-line.js";
import { Claims, MOST_AHEAD } from "./claims.js";

/** A line whose calls end when the test says so. */
function lineOfThread() {
  const claims = new Claims();
  const told: string[] = [];
  const ends = new Map<CallId, () => void>();
  const line = new CallLine(
    claims.cells,
    async ({ call }) => {
      told.push(`begins ${call}`);
      await new Promise<void>((resolve) => ends.set(call, resolve));
      told.push(`ends ${call}`);
    },
    ({ call }, { status }) => told.push(`${status} ${call}`),
  );
  const ahead = (call: CallId) => ({ call: callOf(call), claim: claims.offer() });
  const end = async (call: CallId) => {
    ends.get(call)?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { claims, told, line, ahead, end };
}

test("calls run in their order, one at a time", async () => {
  const { told, line, ahead, end } = lineOfThread();
  line.give([{ call: callOf(1) }]);
  line.give([ahead(2), ahead(3)]);
  expect(told).toEqual(["begins 1"]);
  await end(1);
  await end(2);
  expect(told).toEqual(["begins 1", "ends 1", "begins 2", "ends 2", "begins 3"]);
});

test("a call that the pool has back is left out", async () => {
  const { claims, told, line, ahead, end } = lineOfThread();
  const [second, third] = [ahead(2), ahead(3)];
  line.give([{ call: callOf(1) }, second, third]);
  expect(claims.takeBack(second.claim)).toBe(true);
  await end(1);
  expect(told.at(-1)).toBe("begins 3");
  expect(claims.takeBack(third.claim)).toBe(false);
});

test("a call that is told to stop before it begins is answered without it", async () => {
  const { claims, told, line, ahead, end } = lineOfThread();
  const [second, third] = [ahead(2), ahead(3)];
  line.give([{ call: callOf(1) }, second, third]);
  expect(line.drop(1)).toBe(false);
  claims.takeBack(third.claim);
  expect(line.drop(2)).toBe(true);
  expect(line.drop(3)).toBe(true);
  await end(1);
  expect(told).toEqual(["begins 1", "dropped 2", "ends 1"]);
});

test("between many short calls the event loop has its turn", async () => {
  const claims = new Claims();
  let ran = 0;
  const run = () => Promise.resolve(void (ran += 1));
  const line = new CallLine(claims.cells, run, () => {});
  line.give(Array.from({ length: 3 * MOST_AHEAD }, (_, index) => ({ call: callOf(index) })));
  await new Promise((resolve) => setImmediate(resolve));
  expect(ran).toBeGreaterThanOrEqual(MOST_AHEAD);
  expect(ran).toBeLessThan(3 * MOST_AHEAD);
});
