// The store in processes of its own, which are killed or run out of room.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { openStore } from "@planwire/coordinator";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ListQuery, Store, StoredExecution } from "./store.js";

const FIXTURES = fileURLToPath(new URL("../../fixtures/store/", import.meta.url));

let folder: string;
let file: string;
const children: ChildProcess[] = [];
const stores: Store[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "planwire-store-"));
  file = join(folder, "planwire.db");
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await Promise.all(stores.splice(0).map((store) => store.close()));
  rmSync(folder, { recursive: true, force: true });
});

function storeAt(path: string): Store {
  const store = openStore(`sqlite:${path}`);
  stores.push(store);
  return store;
}

function run(command: string, args: readonly string[]) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  return { child, lines: createInterface({ input: child.stdout }) };
}

interface Answered {
  readonly planId: string;
  readonly version: number;
}

/** Lets a process write until it has been told `enough` times that a write is done; what it was told. */
async function writeAndKill(name: string, enough: number): Promise<Answered[]> {
  const script = join(FIXTURES, "write-until-killed.mjs");
  const { child, lines } = run(process.execPath, [script, file, name]);
  const answered: Answered[] = [];
  lines.on("line", (line) => {
    const [planId = "", version] = line.split(" ");
    answered.push({ planId, version: Number(version) });
    if (answered.length === enough) child.kill("SIGKILL");
  });
  await once(lines, "close");
  return answered;
}

/** What an execution of the script looks like after each of its writes. */
function expectWhole(execution: StoredExecution): void {
  const { version, attempts, takenOrder, outcome, state } = execution;
  expect(version).toBeGreaterThanOrEqual(1);
  expect(attempts).toHaveLength(1);
  expect(attempts[0]?.started).toBe(version >= 2);
  expect(attempts[0]?.result?.status).toBe(version >= 3 ? "Success" : undefined);
  expect(takenOrder).toHaveLength(version >= 3 ? 1 : 0);
  expect(outcome?.status).toBe(version >= 3 ? "Succeeded" : undefined);
  expect(state).toBe(version >= 3 ? "Succeeded" : "Running");
}

async function everyId(store: Store): Promise<string[]> {
  const ids: string[] = [];
  const query: ListQuery = { limit: 1_000, state: undefined, before: undefined };
  for (;;) {
    const { plans } = await store.list({ ...query, before: ids.at(-1) });
    if (plans.length === 0) return ids;
    ids.push(...plans.map((summary) => summary.plan_id));
  }
}

describe("a process that is killed while it commits", () => {
  test("leaves every write that was answered, and every write whole", async () => {
    const answered = new Map<string, number>();
    // Some early, some late: also while the log is being written back into the file (each 1,000 pages).
    for (const [run, enough] of [1, 40, 333, 1_000, 2_500].entries()) {
      for (const { planId, version } of await writeAndKill(`run${run}`, enough)) {
        answered.set(planId, Math.max(version, answered.get(planId) ?? 0));
      }
      const store = storeAt(file);
      const { boot, live } = await store.open();
      expect(boot).toBe(2 * run + 2);
      const ids = await everyId(store);
      const known = new Set(ids);
      expect([...answered.keys()].filter((planId) => !known.has(planId))).toEqual([]);
      let unfinished = 0;
      for (const planId of ids) {
        const execution = await store.get(planId);
        if (!execution) throw new Error(`${planId} is listed, but can't be got`);
        expectWhole(execution);
        expect(execution.version).toBeGreaterThanOrEqual(answered.get(planId) ?? 1);
        if (execution.version < 3) unfinished += 1;
      }
      expect(live).toHaveLength(unfinished);
      await store.close();
    }
    expect(answered.size).toBeGreaterThan(1_000);
  });

  test("holds the file against others until it is dead", async () => {
    const script = join(FIXTURES, "write-until-killed.mjs");
    const { child, lines } = run(process.execPath, [script, file, "first"]);
    await once(lines, "line");
    await expect(storeAt(file).open()).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringContaining("in use by another coordinator"),
    });
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await storeAt(file).open()).toMatchObject({ boot: 2 });
  });
});

describe.skipIf(process.platform === "win32")("a process whose files may grow no more", () => {
  test("is told that its writes failed, and finds all others there", async () => {
    const script = join(FIXTURES, "fill-disk.mjs");
    const limited = `ulimit -f 8192 && exec "$0" "$1" "$2"`;
    const { lines } = run("bash", ["-c", limited, process.execPath, script, file]);
    const told: { planId: string; type: string; reason?: string; isThere: boolean }[] = [];
    for await (const line of lines) told.push(JSON.parse(line));

    const failed = told.filter(({ type }) => type === "failed");
    expect(failed).toHaveLength(2);
    expect(failed[0]?.reason).toContain(file);
    expect(told.length).toBeGreaterThan(10);
    for (const { type, isThere } of told) expect(isThere).toBe(type === "done");

    const store = storeAt(file);
    const { live } = await store.open();
    const done = told.filter(({ type }) => type === "done");
    expect(live.map(({ planId }) => planId)).toEqual(done.map(({ planId }) => planId));
  });
});
