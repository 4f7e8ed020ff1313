import { expect, test } from "vitest";
import { chanceOf, type Chance } from "../testing/chance.js";
import {
  accept,
  assign,
  cancelled,
  commit,
  failed,
  finish,
  lose,
  plan,
  started,
  succeeded,
  success,
  takeResult,
  wish,
  write,
} from "./conformance/writes.js";
import { memoryStore } from "./memory.js";
import { findDriver } from "./sqlite-driver.js";
import { packWrites, unpackWrites } from "./sqlite-packed-writes.js";
import { SqliteReads } from "./sqlite-reads.js";
import { SMALL_BYTES } from "./sqlite-row-attempt.js";
import { upgrade } from "./sqlite-schema.js";
import { decodeExecution, encodeWrite } from "./sqlite-values.js";
import { SqliteWrites } from "./sqlite-writes.js";
import type { Change, StoredExecution, Write } from "./store.js";

const { DatabaseSync } = findDriver();
const STORIES = 200;
const COMMITS = 8;
const PLANS = ["p", "q"];

const pick = <T>(chance: Chance, from: readonly T[]): T => {
  const one = from[chance(from.length)];
  if (one === undefined) throw new Error("nothing to pick from");
  return one;
};

const sized = (chance: Chance) => {
  const size = pick(chance, [1, SMALL_BYTES - 100, SMALL_BYTES, 5_000]);
  return { type: "Text", data: "x".repeat(size) } as const;
};

/** Anything, likely or not: what may not be must be refused by both stores. */
function changes(chance: Chance, planId: string): Change[] {
  const partId = pick(chance, [planId, planId, planId, `${planId}/0#`]);
  const attempt = pick(chance, [1, 1, 2]);
  const workerId = pick(chance, ["worker-1", "worker-1", "worker-2"]);
  const output = sized(chance);
  const taken = takeResult(partId, attempt, success(output));
  const outcome = { ...succeeded(output), worker_id: workerId };
  return pick<Change[]>(chance, [
    [assign(partId, attempt, { workerId, cut: { kind: "whole" } })],
    [assign(partId, attempt, { workerId, incarnation: undefined })],
    [started(partId, attempt)],
    [lose(partId, attempt)],
    [lose(partId, attempt), assign(partId, attempt + 1, { workerId })],
    [wish()],
    [taken],
    [taken, finish(outcome)],
    [taken, taken, finish(outcome)],
    [taken, finish(failed("FILTER_ERROR"))],
    [started(partId, attempt), taken, finish(outcome)],
    [finish(cancelled())],
    [finish(outcome)],
  ]);
}

class Story {
  readonly #chance: Chance;
  readonly #db = new DatabaseSync(":memory:");
  readonly #memory = memoryStore();
  readonly #versions = new Map<string, number>();
  readonly #reads: SqliteReads;
  #writes: SqliteWrites;

  constructor(seed: number) {
    this.#chance = chanceOf(seed);
    upgrade(this.#db, 0);
    this.#reads = new SqliteReads(this.#db);
    this.#writes = this.#reopened();
  }

  async tell(): Promise<void> {
    await this.#memory.open();
    for (let i = 0; i < COMMITS; i++) {
      if (this.#chance(4) === 0) this.#writes = this.#reopened();
      const batch = Array.from({ length: 1 + this.#chance(3) }, () => this.#write());
      const expected = await commit(this.#memory, ...batch);
      const posted = unpackWrites(packWrites(batch.map(encodeWrite)).writes);
      expect(this.#writes.commit(posted)).toEqual(expected);
      for (const planId of PLANS) await this.#compare(planId);
    }
    this.#db.close();
  }

  /** One that knows no heads but those of the file. */
  #reopened(): SqliteWrites {
    return new SqliteWrites(this.#db, this.#reads.totals);
  }

  /** Mostly at the version that is there, since others change nothing. */
  #write(): Write {
    const planId = pick(this.#chance, PLANS);
    const version = this.#versions.get(planId) ?? 0;
    this.#versions.set(planId, version + 1);
    const later = changes(this.#chance, planId);
    if (version > 0) return write(planId, version, ...later);
    const accepted = accept(planId, { plan: plan(planId, sized(this.#chance)) });
    return write(planId, 0, accepted, ...(this.#chance(2) === 0 ? later : []));
  }

  async #compare(planId: string): Promise<void> {
    const expected = await this.#memory.get(planId);
    const found = this.#reads.get(planId);
    expect(found && withoutBytes(decodeExecution(found))).toEqual(
      expected && withoutBytes(expected),
    );
    this.#versions.set(planId, expected?.version ?? 0);
  }
}

/** How many bytes they take is theirs to say. */
function withoutBytes(execution: StoredExecution): StoredExecution {
  return { ...execution, bytes: 0 };
}

test("whatever is written, the file answers and holds what the memory store does", async () => {
  for (let seed = 1; seed <= STORIES; seed++) {
    await new Story(seed).tell().catch((error: unknown) => {
      throw new Error(`story ${seed}: ${String(error)}`, { cause: error });
    });
  }
});
