import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "@planwire/coordinator";
import type { Value } from "@planwire/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  accept,
  assign,
  commit,
  failed,
  finish,
  plan,
  succeeded,
  success,
  takeResult,
  write,
} from "./conformance/writes.js";
import { findDriver } from "./sqlite-driver.js";
import { readVersion, SCHEMA_VERSION } from "./sqlite-schema.js";
import type { Store } from "./store.js";

const fixture = (version: number) =>
  new URL(`../../fixtures/store/version-${version}.sql`, import.meta.url);
const { DatabaseSync } = findDriver();

let folder: string;
let file: string;
let store: Store;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "planwire-store-"));
  file = join(folder, "planwire.db");
  store = openStore(`sqlite:${file}`);
});

function fileOfVersion(version: number): void {
  const db = new DatabaseSync(file);
  db.exec(readFileSync(fixture(version), "utf8"));
  db.close();
}

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const tensor: Value = {
  type: "Tensor",
  data: { values: Float64Array.of(1, 2.5), shape: [2], dtype: "float64" },
};

const WITH_OFFERS = 7;
const VERSIONS = Array.from({ length: SCHEMA_VERSION }, (_, index) => index + 1);

test.each(VERSIONS)("a file of version %i opens with everything in it", async (version) => {
  fileOfVersion(version);
  const { boot, historyId, live, offered } = await store.open();
  expect({ boot, historyId }).toEqual({
    boot: 2,
    historyId: "00000000-0000-4000-8000-000000000001",
  });
  expect(offered.map(({ key }) => key)).toEqual(version < WITH_OFFERS ? [] : ["clean", "clean@1"]);
  expect(live.map(({ planId, state }) => [planId, state])).toEqual([
    ["queued", "Queued"],
    ["running", "Running"],
    ["cancelling", "Cancelling"],
  ]);
  const [queued, running, cancelling] = live;
  expect(queued).toMatchObject({ name: "tidy", plan: plan("queued"), attempts: [], version: 1 });
  expect(running).toMatchObject({
    version: 2,
    cut: { kind: "subtrees", paths: [[0], [1]] },
    takenOrder: ["running/1#"],
    attempts: [
      {
        partId: "running/0#",
        attempt: 1,
        started: true,
        lost: { reason: "its worker went away", cost: "try", alone: false, retryAt: 0 },
      },
      { partId: "running/1#", attempt: 1, lost: undefined, result: success() },
      { partId: "running/0#", attempt: 2, workerId: "worker-2", incarnation: undefined },
    ],
  });
  expect(cancelling).toMatchObject({ kind: "stream", cancelledBy: "a client" });
  expect(await store.get("succeeded")).toMatchObject({
    plan: plan("succeeded", tensor),
    outcome: { ...succeeded(), output: tensor },
    attempts: [{ result: { output: tensor } }],
  });
  expect(await store.get("failed")).toMatchObject({
    plan: { input: { value: { type: "Record", data: [["a", { type: "Empty" }]] } } },
    outcome: failed("FILTER_ERROR"),
  });
  const { plans, total } = await store.list({ limit: 2, state: undefined, before: undefined });
  expect([plans.map((summary) => summary.plan_id), total]).toEqual([["failed", "succeeded"], 5]);

  await store.close();
  const db = new DatabaseSync(file);
  expect(readVersion(db)).toBe(SCHEMA_VERSION);
  db.close();
});

test.each(VERSIONS)("a file of version %i takes writes where it was left", async (version) => {
  fileOfVersion(version);
  await store.open();
  const answers = await commit(
    store,
    write("running", 2, takeResult("running/0#", 2), finish(succeeded())),
    write("queued", 1, assign("queued")),
    write("new", 0, accept("new")),
    write("failed", 0, accept("failed")),
  );
  expect(answers.map(({ type }) => type)).toEqual(["done", "done", "done", "exists"]);
  expect(await store.get("running")).toMatchObject({
    state: "Succeeded",
    takenOrder: ["running/1#", "running/0#"],
  });
});

test("a file of version 3 holds what expires by itself, and what is kept as long as all others", async () => {
  fileOfVersion(3);
  await store.open();
  const expiresAt = 1_700_000_002_000;
  expect(await store.prune({ now: expiresAt - 1, endedBefore: 0, limit: 10 })).toBe(0);
  expect(await store.prune({ now: expiresAt, endedBefore: 0, limit: 10 })).toBe(1);
  expect(await store.get("failed")).toBeUndefined();
  expect(await store.prune({ now: 0, endedBefore: expiresAt, limit: 10 })).toBe(1);
  expect(await store.get("succeeded")).toBeUndefined();
  expect(await store.get("queued")).toBeDefined();
});
