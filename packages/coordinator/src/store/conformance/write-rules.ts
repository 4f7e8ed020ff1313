import assert from "node:assert/strict";
import { EMPTY, type ExecutionState, type Outcome, type PlanResult } from "@planwire/protocol";
import type { StoredExecution, StoredLoss } from "../store.js";
import { ALL, getExecution, rule, type StoreRule } from "./rule.js";
import {
  accept,
  assign,
  cancelled,
  commit,
  DELICATE_VALUES,
  ended,
  failed,
  finish,
  lose,
  LOSS,
  OWNER,
  plan,
  started,
  succeeded,
  success,
  takeResult,
  wish,
  write,
} from "./writes.js";

const DONE = { type: "done" } as const;
const NOT_OWNER = { type: "notOwner" } as const;

/** What a write does, and when it does nothing. */
export const WRITE_RULES: readonly StoreRule[] = [
  rule("gives back what was accepted", async (store) => {
    const accepted = accept("p", { name: "tidy", kind: "stream" });
    assert.deepEqual(await commit(store, write("p", 0, accepted)), [DONE]);
    const { bytes, ...found } = await getExecution(store, "p");
    assert.ok(bytes >= 0);
    assert.deepEqual(found, {
      planId: "p",
      kind: "stream",
      owner: OWNER,
      version: 1,
      plan: plan("p"),
      name: "tidy",
      submittedAt: 1_700_000_000_000,
      finishedAt: undefined,
      state: "Queued",
      cut: undefined,
      cancelledBy: undefined,
      expired: false,
      attempts: [],
      takenOrder: [],
      outcome: undefined,
    } satisfies Omit<StoredExecution, "bytes">);
  }),

  rule("knows nothing of an execution that was never accepted", async (store) => {
    assert.equal(await store.get("p"), undefined);
    assert.deepEqual(await commit(store, write("p", 1, assign("p"))), [NOT_OWNER]);
    assert.equal(await store.get("p"), undefined);
  }),

  rule("keeps every value as it is, in plans, results and outcomes", async (store) => {
    for (const [name, value] of Object.entries(DELICATE_VALUES)) {
      const answers = await commit(
        store,
        write(name, 0, accept(name, { plan: plan(name, value) }), assign(name)),
        write(name, 1, takeResult(name, 1, success(value)), finish(succeeded(value))),
      );
      assert.deepEqual(answers, [DONE, DONE], name);
      const kept = await getExecution(store, name);
      assert.deepEqual(kept.plan, plan(name, value), name);
      assert.deepEqual(kept.attempts[0]?.result, success(value), name);
      assert.deepEqual(kept.outcome, succeeded(value), name);
    }
  }),

  rule("keeps an outcome that shares its output and states with a result", async (store) => {
    const output = DELICATE_VALUES["bytes"] ?? EMPTY;
    const shared = { output, states: { clean: output } };
    const result: PlanResult = { ...success(), ...shared };
    const stateless: PlanResult = { status: "Success", output, duration_ms: 1 };
    const { worker_id: _, ...withoutWorker } = succeeded();
    const outcomes: [string, PlanResult, Outcome][] = [
      ["shared", result, { ...succeeded(), ...shared }],
      ["without states", stateless, { ...succeeded(), output, states: {} }],
      ["other states", result, { ...succeeded(), output, states: { scale: output } }],
      ["other output", result, { ...succeeded(), states: shared.states }],
      ["failed", result, failed("FILTER_ERROR")],
      ["of no worker", result, { ...withoutWorker, ...shared }],
    ];
    for (const [id, taken, outcome] of outcomes) {
      await commit(store, write(id, 0, accept(id), assign(`${id}/0#`), assign(`${id}/1#`)));
      const parts = [takeResult(`${id}/1#`), takeResult(`${id}/0#`, 1, taken)];
      await commit(store, write(id, 1, ...parts, finish(outcome)));
      const kept = await getExecution(store, id);
      assert.deepEqual(kept.outcome, outcome, id);
      assert.deepEqual(kept.attempts[0]?.result, taken, id);
    }
  }),

  rule("answers a second accept with what is there, and keeps the first", async (store) => {
    await commit(store, write("p", 0, accept("p"), assign("p")));
    const second = accept("p", { name: "another" });
    assert.deepEqual(await commit(store, write("p", 0, second)), [
      { type: "exists", state: "Running" },
    ]);
    const kept = await getExecution(store, "p");
    assert.deepEqual([kept.name, kept.version], [undefined, 1]);
  }),

  rule("counts one version a write, and refuses a write that expects another", async (store) => {
    await commit(store, write("p", 0, accept("p"), assign("p"), started("p")));
    assert.equal((await getExecution(store, "p")).version, 1);
    for (const expects of [0, 2]) {
      assert.deepEqual(await commit(store, write("p", expects, lose("p"))), [NOT_OWNER]);
    }
    assert.deepEqual(await commit(store, write("p", 1, lose("p"))), [DONE]);
    assert.equal((await getExecution(store, "p")).version, 2);
  }),

  rule("refuses another owner's write", async (store) => {
    await commit(store, write("p", 0, accept("p")));
    const foreign = { ...write("p", 1, assign("p")), owner: "coordinator-2" };
    assert.deepEqual(await commit(store, foreign), [NOT_OWNER]);
    assert.deepEqual((await getExecution(store, "p")).attempts, []);
  }),

  rule("answers writes handed over together in order, each for itself", async (store) => {
    const answers = await commit(
      store,
      write("a", 0, accept("a")),
      write("a", 0, accept("a")),
      write("a", 1, assign("a")),
      write("a", 1, assign("a", 2)),
      write("b", 0, accept("b"), lose("b")),
      write("c", 0, accept("c")),
    );
    assert.deepEqual(
      answers.map(({ type }) => type),
      ["done", "exists", "done", "notOwner", "failed", "done"],
    );
    assert.equal((await getExecution(store, "a")).version, 2);
    assert.equal(await store.get("b"), undefined);
    assert.equal((await getExecution(store, "c")).version, 1);
  }),

  rule("answers calls in the order in which they came", async (store) => {
    const answered: number[] = [];
    const calls = Array.from({ length: 50 }, async (_, i) => {
      await commit(store, write("p", i, i === 0 ? accept("p") : assign("p", i)));
      answered.push(i);
    });
    await Promise.all(calls);
    assert.deepEqual(answered, [...calls.keys()]);
    assert.equal((await getExecution(store, "p")).version, 50);
  }),

  rule("lands all changes of a write or none", async (store) => {
    await commit(store, write("p", 0, accept("p"), assign("p")));
    const before = await store.get("p");
    const refused = [
      write("p", 1, started("p"), assign("p", 2), lose("p"), wish(), takeResult("p", 1)),
      write("p", 1, takeResult("p"), assign("p", 2), takeResult("p", 2)),
      write("p", 1, takeResult("p"), finish(), started("p")),
      write("p", 1, assign("q"), assign("p", 1)),
      write("p", 1, assign("q"), accept("p")),
      write("p", 1, assign("q"), takeResult("r")),
    ];
    for (const each of refused) {
      const [answer] = await commit(store, each);
      assert.equal(answer?.type, "failed");
      assert.deepEqual(await store.get("p"), before);
    }
    assert.deepEqual((await store.list({ ...ALL, state: "Running" })).total, 1);
  }),

  rule("changes an ended execution no more", async (store) => {
    await commit(store, ended("p", succeeded()));
    const before = await store.get("p");
    for (const change of [started("p"), lose("p"), takeResult("p"), assign("p", 2), wish()]) {
      const [answer] = await commit(store, write("p", 1, change));
      assert.equal(answer?.type, "failed");
    }
    assert.deepEqual(await store.get("p"), before);
  }),

  rule("takes one result a part, and none of an attempt that was given up", async (store) => {
    await commit(store, write("p", 0, accept("p"), assign("p", 1), assign("p", 2), lose("p", 1)));
    assert.equal((await commit(store, write("p", 1, takeResult("p", 1))))[0]?.type, "failed");
    assert.deepEqual(await commit(store, write("p", 1, takeResult("p", 2))), [DONE]);
    await commit(store, write("p", 2, assign("p", 3)));
    assert.equal((await commit(store, write("p", 3, takeResult("p", 3))))[0]?.type, "failed");
    const { attempts } = await getExecution(store, "p");
    assert.deepEqual(
      attempts.map(({ attempt, lost, result }) => [attempt, lost, result?.status]),
      [
        [1, LOSS, undefined],
        [2, undefined, "Success"],
        [3, undefined, undefined],
      ],
    );
  }),

  rule("keeps the cut, and the attempts as they were made", async (store) => {
    const cut = { kind: "subtrees", paths: [[0], [1, 2]] } as const;
    const other = { workerId: "worker-2", incarnation: undefined };
    await commit(store, write("p", 0, accept("p"), assign("p/1.2#", 1, { cut })));
    await commit(store, write("p", 1, assign("p/0#", 1, other), started("p/0#")));
    const kept = await getExecution(store, "p");
    assert.deepEqual(kept.cut, cut);
    assert.deepEqual(
      kept.attempts.map(({ partId, workerId, incarnation, started: has }) => ({
        partId,
        workerId,
        incarnation,
        has,
      })),
      [
        { partId: "p/1.2#", workerId: "worker-1", incarnation: "incarnation-1", has: false },
        { partId: "p/0#", workerId: "worker-2", incarnation: undefined, has: true },
      ],
    );
  }),

  rule("keeps what a lost attempt means for the next one", async (store) => {
    const losses: StoredLoss[] = [
      { reason: "it was given back", cost: "nothing", alone: true, retryAt: 0 },
      { reason: "FILTER_ERROR: no", cost: "try", alone: false, retryAt: 1_700_000_000_000.5 },
      { reason: "WORKER_CRASH: exit 1", cost: "isolate", alone: false, retryAt: 2 ** 41 },
      { reason: "its lease ran out", cost: "worker", alone: true, retryAt: 1 },
    ];
    const attempts = losses.map((_, i) => assign("p", i + 1));
    await commit(store, write("p", 0, accept("p"), ...attempts));
    const changes = losses.map((loss, i) => lose("p", i + 1, loss));
    await commit(store, write("p", 1, ...changes));
    const kept = await getExecution(store, "p");
    assert.deepEqual(
      kept.attempts.map(({ lost }) => lost),
      losses,
    );
  }),

  rule("keeps the first wish to stop, and whose it was", async (store) => {
    for (const expired of [true, false]) {
      const [first, second] = [wish("first", expired), wish("second", !expired)];
      const id = `expired ${expired}`;
      await commit(store, write(id, 0, accept(id), first), write(id, 1, second));
      const kept = await getExecution(store, id);
      assert.deepEqual(
        [kept.cancelledBy, kept.expired, kept.state],
        ["first", expired, "Cancelling"],
      );
    }
  }),

  rule("gives results in the order in which they were taken", async (store) => {
    const parts = ["p/0#", "p/1#", "p/2#"];
    await commit(store, write("p", 0, accept("p"), ...parts.map((part) => assign(part))));
    await commit(store, write("p", 1, takeResult("p/2#")));
    await commit(store, write("p", 2, takeResult("p/0#"), takeResult("p/1#")));
    const kept = await getExecution(store, "p");
    assert.deepEqual(kept.takenOrder, ["p/2#", "p/0#", "p/1#"]);
    assert.deepEqual(
      kept.attempts.map(({ partId }) => partId),
      parts,
    );
  }),

  rule("derives the state from what was written", async (store) => {
    const states: (ExecutionState | undefined)[] = [];
    const steps = [[accept("p")], [assign("p")], [lose("p")], [assign("p", 2)], [wish()]];
    for (const [version, changes] of [...steps, [finish(cancelled())]].entries()) {
      await commit(store, write("p", version, ...changes));
      states.push((await store.get("p"))?.state);
    }
    const after = ["Queued", "Running", "Queued", "Running", "Cancelling", "Cancelled"];
    assert.deepEqual(states, after);
    assert.equal((await getExecution(store, "p")).cancelledBy, "a client");
  }),
];
