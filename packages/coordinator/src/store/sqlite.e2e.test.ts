import {
  chmodSync,
  existsSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "@planwire/coordinator";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  accept,
  assign,
  commit,
  ended,
  finish,
  started,
  succeeded,
  success,
  takeResult,
  write,
} from "./conformance/writes.js";
import { findDriver } from "./sqlite-driver.js";
import { SCHEMA_VERSION } from "./sqlite-schema.js";
import { STORE_RULES } from "./store-conformance.js";
import type { ListQuery, Store } from "./store.js";

const ALL: ListQuery = { limit: 1_000, state: undefined, before: undefined };
const { DatabaseSync } = findDriver();

let folder: string;
let file: string;
const stores: Store[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "planwire-store-"));
  file = join(folder, "planwire.db");
});

afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
  rmSync(folder, { recursive: true, force: true });
});

function storeAt(path: string): Store {
  const store = openStore(`sqlite:${path}`);
  stores.push(store);
  return store;
}

async function openedAt(path: string): Promise<Store> {
  const store = storeAt(path);
  await store.open();
  return store;
}

/** Runs SQL on a file that no store has open. */
function alter(path: string, sql: string): void {
  const db = new DatabaseSync(path);
  db.exec(sql);
  db.close();
}

function unavailable(message: RegExp, hint: RegExp = /./) {
  return expect.objectContaining({
    code: "STORE_UNAVAILABLE",
    message: expect.stringMatching(message),
    hint: expect.stringMatching(hint),
  });
}

describe("the SQLite store keeps the rules of every store", () => {
  test.each(STORE_RULES.map((rule) => [rule.name, rule] as const))("%s", async (_name, rule) => {
    await rule.check({ store: storeAt(file), again: () => storeAt(file), durable: true });
  });
});

describe("opening a file", () => {
  test("makes it when missing, with the folders that lead there", async () => {
    const path = join(folder, "a", "b", "planwire.db");
    await openedAt(path);
    expect(existsSync(path)).toBe(true);
  });

  test("counts every opening, and keeps the history", async () => {
    const boots: number[] = [];
    const histories = new Set<string>();
    for (let i = 0; i < 3; i++) {
      const store = storeAt(file);
      const { boot, historyId } = await store.open();
      boots.push(boot);
      histories.add(historyId);
      await store.close();
    }
    expect(boots).toEqual([1, 2, 3]);
    expect(histories.size).toBe(1);
  });

  test("gives more live executions than fit a page, in order", async () => {
    const store = await openedAt(file);
    const ids = Array.from({ length: 1_234 }, (_, i) => `p${i}`);
    await commit(store, ...ids.map((id) => write(id, 0, accept(id))));
    await store.close();
    const { live } = await storeAt(file).open();
    expect(live.map(({ planId }) => planId)).toEqual(ids);
  });

  test("refuses what is no SQLite file, and leaves it as it is", async () => {
    writeFileSync(file, "this is not a database ".repeat(500));
    await expect(storeAt(file).open()).rejects.toEqual(unavailable(/no SQLite file/, /backup/));
    expect(statSync(file).size).toBe(23 * 500);
  });

  test("refuses a file of which a part is missing", async () => {
    const store = await openedAt(file);
    await commit(store, ...Array.from({ length: 50 }, (_, i) => ended(`p${i}`, succeeded())));
    await store.close();
    truncateSync(file, 8_192);
    await expect(storeAt(file).open()).rejects.toEqual(unavailable(/damaged/, /backup/));
  });

  test("refuses a live execution whose bytes are damaged, and names it", async () => {
    const store = await openedAt(file);
    await commit(store, write("p", 0, accept("p")));
    await store.close();
    alter(file, "UPDATE executions SET plan = x'c0ffee'");
    await expect(storeAt(file).open()).rejects.toEqual(unavailable(/stored of p can't be read/));
  });

  test("refuses another program's SQLite file, and leaves it as it is", async () => {
    alter(file, "CREATE TABLE theirs (x)");
    await expect(storeAt(file).open()).rejects.toEqual(unavailable(/another program/, /--store/));
    alter(file, "INSERT INTO theirs VALUES (1)");
  });

  test("refuses a file of a newer version, naming both", async () => {
    await (await openedAt(file)).close();
    alter(file, `PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
    const both = new RegExp(`version ${SCHEMA_VERSION + 1}.*up to ${SCHEMA_VERSION}`);
    await expect(storeAt(file).open()).rejects.toEqual(unavailable(both, /newer Planwire/));
  });

  test("refuses a folder that can't be written", async () => {
    // Root writes wherever there are permissions at all; there are none in /sys.
    const readOnly = process.getuid?.() === 0 ? "/sys" : folder;
    if (readOnly === folder) chmodSync(folder, 0o555);
    const path = join(readOnly, "planwire.db");
    await expect(storeAt(path).open()).rejects.toEqual(unavailable(/can't be opened/, /writable/));
    const below = join(readOnly, "new", "planwire.db");
    await expect(storeAt(below).open()).rejects.toEqual(unavailable(/can't be opened/, /writable/));
    if (readOnly === folder) chmodSync(folder, 0o755);
  });

  test.runIf(existsSync("/proc/self"))("refuses a folder that nobody can make", async () => {
    const open = storeAt("/proc/planwire/new/planwire.db").open();
    await expect(open).rejects.toEqual(
      unavailable(/can't be opened.*\/proc\/planwire/, /writable/),
    );
  });

  test("can be tried again after it failed", async () => {
    writeFileSync(file, "this is not a database ".repeat(500));
    const store = storeAt(file);
    await expect(store.open()).rejects.toThrow();
    rmSync(file);
    expect(await store.open()).toMatchObject({ boot: 1 });
  });
});

describe("an open file", () => {
  test("is refused to a second store, also by another name, until the first closes", async () => {
    const first = await openedAt(file);
    const link = join(folder, "link.db");
    symlinkSync(file, link);
    for (const path of [file, link]) {
      await expect(storeAt(path).open()).rejects.toEqual(unavailable(/another coordinator/));
    }
    expect(await commit(first, write("p", 0, accept("p")))).toEqual([{ type: "done" }]);
    await first.close();
    expect(await storeAt(link).open()).toMatchObject({ boot: 2 });
  });

  test("can be copied while it is written, as a backup that opens by itself", async () => {
    const store = await openedAt(file);
    const answers = Array.from({ length: 20 }, (_, i) =>
      commit(store, write(`p${i}`, 0, accept(`p${i}`))),
    );
    await Promise.all(answers);
    const writing = commit(store, write("meanwhile", 0, accept("meanwhile")));
    const copy = join(folder, "copy.db");
    alter(file, `VACUUM INTO '${copy}'`);
    await writing;
    const { live } = await storeAt(copy).open();
    expect(live.map(({ planId }) => planId).slice(0, 20)).toEqual(answers.map((_, i) => `p${i}`));
  });

  test("keeps what started without a sync of its own when it closes", async () => {
    const store = await openedAt(file);
    await commit(store, write("p", 0, accept("p"), assign("p")));
    await commit(store, write("p", 1, started("p")));
    await store.close();
    const { live } = await storeAt(file).open();
    expect(live).toMatchObject([{ version: 2, attempts: [{ started: true }] }]);
  });

  test("stores an output once that is both a part's result and the outcome", async () => {
    const output = { type: "Bytes", data: new Uint8Array(1_000_000) } as const;
    const store = await openedAt(file);
    await commit(store, write("p", 0, accept("p"), assign("p")));
    const taken = takeResult("p", 1, success(output));
    await commit(store, write("p", 1, taken, finish(succeeded(output))));
    await store.close();
    expect(statSync(file).size).toBeLessThan(1_200_000);
  });

  test("fails the write of a value that can't be kept, and no other", async () => {
    const store = await openedAt(file);
    const plan = { plan_id: "b", plan: "Empty" as const, metadata: 2n ** 64n };
    const answers = await commit(
      store,
      write("a", 0, accept("a")),
      write("b", 0, accept("b", { plan })),
      write("c", 0, accept("c")),
    );
    expect(answers.map(({ type }) => type)).toEqual(["done", "failed", "done"]);
    expect((await store.list(ALL)).plans.map((summary) => summary.plan_id)).toEqual(["c", "a"]);
  });
});
