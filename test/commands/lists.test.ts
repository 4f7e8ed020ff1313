import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { endAll, type Fleet, plans, run, start, startFleet } from "./planwire-process.js";

let fleet: Fleet;
let env: Record<string, string>;
beforeAll(async () => {
  fleet = await startFleet();
  env = { PLANWIRE_URL: fleet.url };
});
afterEach(() => endAll(fleet.processes));
afterAll(() => endAll());

test("workers lists each worker with its filters", async () => {
  const json = await run(["workers", "--json"], { env });
  expect(json.code).toBe(0);
  const [worker, ...more] = json.lines();
  expect(more).toEqual([]);
  expect(worker).toMatchObject({
    event: "worker",
    worker_id: "one",
    state: "ready",
    slots: expect.any(Number),
    active_plans: 0,
    active_streams: 0,
    filters: expect.arrayContaining([
      expect.objectContaining({ name: "double", kind: "Stateless", stream_mode: "FixedState" }),
      expect.objectContaining({ name: "scale", kind: "Trainable" }),
    ]),
  });
  const table = await run(["workers"], { env });
  expect(table.stdout).toMatch(/^WORKER +STATE +SLOTS .*\none +ready +\d+ /);
});

test("filters lists each filter once, with the workers that have it", async () => {
  const json = await run(["filters", "--json"], { env });
  expect(json.lines()).toContainEqual(
    expect.objectContaining({
      event: "filter",
      name: "scale",
      kind: "Trainable",
      workers: ["one"],
    }),
  );
  const table = await run(["filters"], { env });
  expect(table.stdout).toMatch(/^scale +Trainable +FixedState +one$/m);
});

test("plans lists submissions newest first, by state and page", async () => {
  const ids: unknown[] = [];
  for (const name of ["doubled", "failing", "doubled"]) {
    const ended = await run(["submit", plans(name), "--input", "-", "--json"], {
      env,
      input: "[1]",
    });
    ids.unshift(ended.lines()[0]?.["plan_id"]);
  }
  const listed = async (...flags: string[]) => {
    const ended = await run(["plans", "--json", ...flags], { env });
    return ended.lines().map(({ plan_id }) => plan_id);
  };
  expect((await listed()).slice(0, 3)).toEqual(ids);
  expect(await listed("--limit", "1")).toEqual(ids.slice(0, 1));
  expect((await listed("--state", "failed")).slice(0, 1)).toEqual([ids[1]]);
  expect(await listed("--before", String(ids[0]), "--limit", "1")).toEqual([ids[1]]);
  const table = await run(["plans", "--limit", "2"], { env });
  expect(table.stdout).toMatch(/^PLAN +NAME +KIND +STATE/);
  expect(table.stdout).toMatch(/ doubled +plan +Succeeded /);
  expect(table.stdout).toMatch(/ failing +plan +Failed .* FILTER_ERROR$/m);
  expect(table.stderr).toMatch(/^2 of \d+; more: --before /);
});

test("watch prints what happened, from the beginning, and the end", async () => {
  await run(["submit", plans("talking"), "--input", "-"], { env, input: "[1]" });
  const json = await run(["watch", "last", "--json"], { env });
  expect(json.code).toBe(0);
  const events = json.lines();
  expect(events.map(({ event }) => event)).toEqual(
    expect.arrayContaining(["accepted", "attempt_started", "node_completed", "log", "finished"]),
  );
  expect(events).toContainEqual(
    expect.objectContaining({ event: "log", node_id: "chatty", message: "half way" }),
  );
  expect(events.at(-1)).toMatchObject({ event: "finished", status: "Succeeded" });
  const words = await run(["watch", "last"], { env });
  expect(words).toMatchObject({ code: 0, stdout: "" });
  expect(words.stderr).toContain("chatty: half way");
});

test("watch's Ctrl-C stops watching alone", async () => {
  const submit = start(["submit", plans("waiting"), "--input", "-", "--json"], { env, input: "1" });
  const id = String((await submit.line("accepted"))["plan_id"]);
  const watch = start(["watch", id], { env });
  await watch.said("running on one");
  expect(await watch.stop("SIGINT")).toMatchObject({ code: 0 });
  const explained = await run(["explain", id], { env });
  expect(explained).toMatchObject({ code: 0, stdout: expect.stringContaining('worker "one"') });
  const asJson = await run(["explain", id, "--json"], { env });
  expect(asJson.lines()).toMatchObject([
    { event: "explained", plan_id: id, state: "Running", reasons: [expect.any(String)] },
  ]);
  const state = await run(["plans", "--state", "running", "--json"], { env });
  expect(state.lines()).toMatchObject([{ plan_id: id }]);
  await run(["cancel", id], { env });
  expect(await submit.ended).toMatchObject({ code: 4 });
});

test("graph draws a plan without a coordinator", async () => {
  const tree = await run(["graph", plans("both")]);
  expect(tree.code).toBe(0);
  for (const name of ["double", "sum", "size"]) expect(tree.stdout).toContain(name);
  const chart = await run(["graph", plans("scaled"), "--mermaid"]);
  expect(chart.stdout).toMatch(/^flowchart /);
  expect(chart.stdout).toContain("scale");
});

test("a reader of a list that leaves is no error", async () => {
  const filters = start(["filters", "--json"], { env });
  filters.child.stdout.destroy();
  expect(await filters.ended).toMatchObject({ code: 0 });
});
