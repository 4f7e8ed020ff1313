import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { endAll, fixture, plans, type PlanwireProcess, run, start } from "./planwire-process.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "planwire-processes-"));
});
afterEach(async () => {
  await endAll();
  rmSync(folder, { recursive: true });
});

const filters = ["--filters", fixture("filters.ts")];

async function startCoordinator(
  ...flags: string[]
): Promise<{ process: PlanwireProcess; url: string }> {
  const args = ["coordinator", "--port", "0", "--json", ...flags];
  const process = start(args, { cwd: folder });
  const url = String((await process.line("listening"))["url"]);
  return { process, url };
}

describe("planwire coordinator", () => {
  test("says where it listens, and SIGTERM ends it cleanly", async () => {
    const { process, url } = await startCoordinator("--store", "memory");
    expect(url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+$/);
    const ended = await process.stop("SIGTERM");
    expect(ended.code).toBe(0);
    expect(ended.lines()).toMatchObject([{ event: "listening", url }]);
  });

  test("keeps plans in a file, over a restart", async () => {
    const store = ["--store", `sqlite:${join(folder, "plans.db")}`];
    const first = await startCoordinator(...store);
    const worker = start(["worker", "--coordinator", first.url, ...filters, "--json"]);
    await worker.line("registered");
    const submit = ["submit", plans("doubled"), "--input", "-", "--detach"];
    const detached = await run([...submit, "--coordinator", first.url], { input: "[4]" });
    const id = detached.stdout.trim();
    await run(["result", id, "--coordinator", first.url]);
    await first.process.stop();
    const second = await startCoordinator(...store);
    const result = await run(["result", id, "--coordinator", second.url]);
    expect(result).toMatchObject({ code: 0, stdout: "[8]\n" });
  });

  test("names a port that is in use", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const args = ["coordinator", "--port", String(port), "--store", "memory", "--json"];
    const ended = await run(args);
    server.close();
    expect(ended.code).toBe(1);
    expect(ended.lines()).toMatchObject([{ event: "error", error: { code: "PORT_IN_USE" } }]);
    expect(ended.stderr).toContain(String(port));
    expect(ended.stderr).toContain("try: ");
  });

  test("refuses a store that it does not know", async () => {
    const ended = await run(["coordinator", "--port", "0", "--store", "redis://x"]);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain("error BAD_USAGE");
  });
});

describe("planwire worker", () => {
  test("registers under its id, with its tags and slots, and SIGTERM drains it", async () => {
    const { url } = await startCoordinator("--store", "memory");
    const flags = ["--id", "gpu-1", "--tags", "gpu, large", "--slots", "3", ...filters, "--json"];
    const worker = start(["worker", ...flags], { env: { PLANWIRE_URL: url } });
    expect(await worker.line("registered")).toEqual({ event: "registered", worker_id: "gpu-1" });
    const listed = await run(["workers", "--coordinator", url, "--json"]);
    expect(listed.lines()).toMatchObject([
      { worker_id: "gpu-1", slots: 3, tags: ["gpu", "large"], active_plans: 0 },
    ]);
    expect(await worker.stop("SIGTERM")).toMatchObject({ code: 0 });
  });

  test("finishes and delivers what it has when it is drained", async () => {
    const { url } = await startCoordinator("--store", "memory");
    const worker = start(["worker", "--coordinator", url, ...filters, "--json"]);
    await worker.line("registered");
    const env = { PLANWIRE_URL: url };
    const plan = plans("waiting");
    const submit = start(["submit", plan, "--input", "-"], { env, input: "1" });
    await submit.said("running on");
    worker.child.kill("SIGTERM");
    await worker.said("draining");
    expect(await run(["cancel", "last"], { env })).toMatchObject({ code: 0 });
    expect(await submit.ended).toMatchObject({ code: 4 });
    expect(await worker.ended).toMatchObject({ code: 0 });
  });

  test("waits for a coordinator for ever, and says so once", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    server.close();
    const url = `ws://127.0.0.1:${port}`;
    const worker = start(["worker", "--coordinator", url, ...filters, "--json"]);
    await worker.said("no connection");
    const coordinator = start([
      "coordinator",
      "--port",
      String(port),
      "--store",
      "memory",
      "--json",
    ]);
    await coordinator.line("listening");
    await worker.line("registered");
    expect(worker.stderr.match(/no connection/g)).toHaveLength(1);
  });

  test.each([
    ["throws.ts", "broken on purpose", /throws\.ts:3:/],
    ["plans.ts", "no filter is exported", /plans\.ts/],
    ["nowhere.ts", "there is no such file", /nowhere\.ts/],
  ])("with %s it exits 2 and says why", async (name, words, where) => {
    const args = [
      "worker",
      "--coordinator",
      "ws://127.0.0.1:9",
      "--filters",
      fixture(name),
      "--json",
    ];
    const ended = await run(args);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain("error FILTER_LOAD_FAILED");
    expect(ended.stderr).toContain(words);
    expect(ended.stderr).toMatch(where);
    expect(ended.lines()).toMatchObject([
      { event: "refused", error: { code: "FILTER_LOAD_FAILED" } },
    ]);
  });

  test("what filters print goes to stderr, stdout is for JSON lines", async () => {
    const { url } = await startCoordinator("--store", "memory");
    const worker = start(["worker", "--coordinator", url, ...filters, "--json"]);
    await worker.line("registered");
    const args = ["submit", plans("talking"), "--input", "-", "--coordinator", url];
    expect(await run(args, { input: "[1]" })).toMatchObject({ code: 0 });
    await worker.said("printed by a filter");
    expect(worker.lines().map(({ event }) => event)).toEqual(["registered"]);
  });

  test("an id that is taken is told, and the first worker stays", async () => {
    const { url } = await startCoordinator("--store", "memory");
    const args = ["worker", "--coordinator", url, "--id", "same", ...filters, "--json"];
    const first = start(args);
    await first.line("registered");
    const second = start(args);
    expect(await second.line("refused")).toMatchObject({ error: { code: "WORKER_ID_TAKEN" } });
    const listed = await run(["workers", "--coordinator", url, "--json"]);
    expect(listed.lines()).toHaveLength(1);
    expect(first.hasEnded).toBe(false);
  });
});

describe("a token", () => {
  test("is asked of everybody, and may stand in PLANWIRE_TOKEN", async () => {
    const { url } = await startCoordinator("--store", "memory", "--token", "secret");
    const bare = await run(["workers", "--coordinator", url]);
    expect(bare.code).toBe(2);
    expect(bare.stderr).toContain("error UNAUTHORIZED");
    expect(bare.stderr).toContain("try: ");
    const wrong = await run(["workers", "--coordinator", url, "--token", "other"]);
    expect(wrong.code).toBe(2);
    expect(
      await run(["workers", "--coordinator", url], { env: { PLANWIRE_TOKEN: "secret" } }),
    ).toMatchObject({
      code: 0,
    });
    const worker = start([
      "worker",
      "--coordinator",
      url,
      "--token",
      "secret",
      ...filters,
      "--json",
    ]);
    await worker.line("registered");
    const refused = start(["worker", "--coordinator", url, ...filters, "--json"]);
    expect(await refused.line("refused")).toMatchObject({ error: { code: "UNAUTHORIZED" } });
    expect(refused.hasEnded).toBe(false);
  });
});

test("a plan that no worker can take says why it waits", async () => {
  const { url } = await startCoordinator("--store", "memory");
  const submit = start(["submit", plans("doubled"), "--input", "-"], {
    env: { PLANWIRE_URL: url },
    input: "[1]",
  });
  await submit.said("no worker is connected");
  expect(await submit.stop("SIGINT")).toMatchObject({ code: 4 });
});
