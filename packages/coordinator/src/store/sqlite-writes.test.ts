import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  accept,
  assign,
  finish,
  lose,
  plan,
  started,
  succeeded,
  success,
  takeResult,
  write,
} from "./conformance/writes.js";
import { openFile, type StoreFile } from "./sqlite-file.js";
import { encodeWrite } from "./sqlite-values.js";
import { SqliteWrites } from "./sqlite-writes.js";
import { StateTotals } from "./state-totals.js";
import type { Write } from "./store.js";

const FULL = 2;
const NORMAL = 1;

let folder: string;
let file: StoreFile;
let writes: SqliteWrites;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "planwire-store-"));
  file = openFile(join(folder, "planwire.db"));
  writes = new SqliteWrites(file.db, new StateTotals());
});

afterEach(() => {
  file.close();
  rmSync(folder, { recursive: true, force: true });
});

/** How SQLite syncs as things stand; whether it did can't be seen from within the process. */
function synchronous(): number {
  const row = file.db.prepare("PRAGMA synchronous").get() as { synchronous: number };
  return row.synchronous;
}

function commit(...batch: Write[]): void {
  const answers = writes.commit(batch.map(encodeWrite));
  expect(answers.map(({ type }) => type)).toEqual(batch.map(() => "done"));
}

test("commits are synced, from the first on", () => {
  expect(synchronous()).toBe(FULL);
  commit(write("p", 0, accept("p"), assign("p")));
  expect(synchronous()).toBe(FULL);
});

test("a commit of nothing but started is not synced by itself, the next one is", () => {
  commit(write("p", 0, accept("p"), assign("p")));
  commit(write("p", 1, started("p")));
  expect(synchronous()).toBe(NORMAL);
  commit(write("p", 2, assign("p", 2)));
  expect(synchronous()).toBe(FULL);
});

test("started together with anything else is synced", () => {
  commit(write("p", 0, accept("p"), assign("p")));
  commit(write("p", 1, started("p")), write("q", 0, accept("q")));
  expect(synchronous()).toBe(FULL);
});

test("each of many alternating commits gets its own way of syncing", () => {
  for (let i = 0; i < 5; i++) {
    const id = `p${i}`;
    commit(write(id, 0, accept(id), assign(id)));
    expect(synchronous()).toBe(FULL);
    commit(write(id, 1, started(id)));
    expect(synchronous()).toBe(NORMAL);
  }
});

test("a batch that fails as a whole leaves each execution at its version", () => {
  commit(write("p", 0, accept("p"), assign("p")));
  file.db.exec("PRAGMA max_page_count = 1");
  const large = plan("q", { type: "Bytes", data: new Uint8Array(1_000_000) });
  const tooMuch = [write("p", 1, lose("p")), write("q", 0, accept("q", { plan: large }))];
  expect(() => writes.commit(tooMuch.map(encodeWrite))).toThrow("full");
  file.db.exec("PRAGMA max_page_count = 100000");
  commit(write("p", 1, started("p")));
});

test("a batch that holds a write that may not be, and finds no room, says that there is no room", () => {
  commit(write("p", 0, accept("p"), assign("p")));
  file.db.exec("PRAGMA max_page_count = 1");
  const large = plan("q", { type: "Bytes", data: new Uint8Array(1_000_000) });
  const refused = write("p", 1, assign("p", 1));
  const tooMuch = [refused, write("q", 0, accept("q", { plan: large }))];
  expect(() => writes.commit(tooMuch.map(encodeWrite))).toThrow("full");
});

test("a write that may not be undoes itself alone, and what was written of others goes on", () => {
  commit(write("p", 0, accept("p"), assign("p")));
  const batch = [
    write("p", 1, started("p")),
    write("p", 2, lose("p"), assign("p", 1)),
    write("p", 2, lose("p")),
    write("q", 0, accept("q"), assign("q")),
  ];
  const answers = writes.commit(batch.map(encodeWrite));
  expect(answers.map(({ type }) => type)).toEqual(["done", "failed", "done", "done"]);
  commit(write("p", 3, assign("p", 2)), write("q", 1, started("q")));
});

function rowsOf(table: string): number {
  const row = file.db.prepare(`SELECT count(*) AS rows FROM ${table}`).get() as { rows: number };
  return row.rows;
}

test("a small plan that goes well takes one row in all", () => {
  commit(write("p", 0, accept("p"), assign("p")));
  const outcome = succeeded();
  const taken = takeResult("p", 1, success(outcome.output));
  commit(write("p", 1, started("p")), write("p", 2, taken, finish(outcome)));
  const tables = ["executions", "plans", "attempts", "results", "outcomes"];
  expect(tables.map(rowsOf)).toEqual([1, 0, 0, 0, 0]);
});
