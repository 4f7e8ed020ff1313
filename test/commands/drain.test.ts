import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { endAll, fixture, run, start, startFleet, type Fleet } from "./planwire-process.js";

let fleet: Fleet;
let env: Record<string, string>;
beforeAll(async () => {
  fleet = await startFleet();
  env = { PLANWIRE_URL: fleet.url };
});
afterEach(() => endAll(fleet.processes));
afterAll(() => endAll());

test("a drained worker delivers what it runs, takes nothing new, and ends", async () => {
  const files = ["--filters", fixture("filters.ts")];
  const worker = start(["worker", "--id", "two", "--tags", "second", ...files, "--json"], { env });
  await worker.line("registered");
  const drained = await run(["drain", "two", "--reason", "tidying", "--json"], { env });
  expect(drained.lines()).toEqual([
    { event: "drain", worker_id: "two", active_plans: 0, active_streams: 0 },
  ]);
  expect(drained.code).toBe(0);
  expect((await worker.ended).code).toBe(0);
  const workers = await run(["workers", "--json"], { env });
  expect(workers.lines()).toMatchObject([{ worker_id: "one", health: "ok", other_slots: 0 }]);
});

test("drain says who is leaving, and who is not there", async () => {
  const files = ["--filters", fixture("filters.ts")];
  const worker = start(["worker", "--id", "three", ...files, "--json"], { env });
  await worker.line("registered");
  const told = await run(["drain", "three"], { env });
  expect(told.stderr).toContain("three takes no new work, and leaves at once");
  await worker.ended;
  const ghost = await run(["drain", "ghost", "--json"], { env });
  expect(ghost.code).toBe(2);
  expect(ghost.lines()).toMatchObject([{ event: "refused", error: { code: "WORKER_UNKNOWN" } }]);
});
