import assert from "node:assert/strict";
import { isPlanwireError } from "@planwire/protocol";
import { ALL, rule, type StoreRule } from "./rule.js";
import {
  accept,
  assign,
  commit,
  ended,
  finish,
  plan,
  succeeded,
  success,
  takeResult,
  wish,
  write,
} from "./writes.js";

const isUnavailable = (error: unknown) => isPlanwireError(error, "STORE_UNAVAILABLE");

/** Opening, closing, and what is there afterwards. */
export const OPEN_RULES: readonly StoreRule[] = [
  rule("begins with a history, a boot of one, and nothing in it", async (_store, opened) => {
    assert.ok(opened.historyId.length >= 16);
    const { boot, live, offered } = opened;
    assert.deepEqual({ boot, live, offered }, { boot: 1, live: [], offered: [] });
  }),

  rule("is opened once", async (store) => {
    await assert.rejects(store.open(), isUnavailable);
    assert.deepEqual(await commit(store, write("p", 0, accept("p"))), [{ type: "done" }]);
  }),

  rule("answers what it was given before it closes", async (store) => {
    const answers = ["a", "b", "c"].map((id) => commit(store, write(id, 0, accept(id))));
    await store.close();
    for (const answer of answers) assert.deepEqual(await answer, [{ type: "done" }]);
  }),

  {
    name: "refuses everything before it opens and after it closes, and may be closed twice",
    async check({ store }) {
      const refuses = async () => {
        const [answer] = await commit(store, write("p", 0, accept("p")));
        assert.equal(answer?.type, "failed");
        await assert.rejects(store.get("p"), isUnavailable);
        await assert.rejects(store.list(ALL), isUnavailable);
        await assert.rejects(store.prune({ now: 0, endedBefore: 0, limit: 1 }), isUnavailable);
        await assert.rejects(store.rememberOffers([], 1), isUnavailable);
      };
      await refuses();
      await store.open();
      await store.close();
      await refuses();
      await store.close();
    },
  },

  rule(
    "gives all that is live, oldest first, when it opens again",
    async (store, first, subject) => {
      await commit(store, write("queued", 0, accept("queued")), ended("ended", succeeded()));
      const parts = ["running/0#", "running/1#"].map((part) => assign(part));
      await commit(store, write("running", 0, accept("running"), ...parts));
      await commit(store, write("cancelling", 0, accept("cancelling"), wish()));
      await commit(store, write("running", 1, takeResult("running/1#"), takeResult("running/0#")));
      await commit(store, write("queued", 1, assign("queued", 1, { cut: { kind: "whole" } })));
      const before = await Promise.all(
        ["queued", "running", "cancelling"].map((id) => store.get(id)),
      );
      await store.close();

      const again = subject.again();
      const second = await again.open();
      try {
        if (!subject.durable) {
          assert.notEqual(second.historyId, first.historyId);
          assert.deepEqual({ boot: second.boot, live: second.live }, { boot: 1, live: [] });
          return;
        }
        assert.deepEqual([second.historyId, second.boot], [first.historyId, 2]);
        assert.deepEqual(second.live, before);
        assert.deepEqual(second.live[1]?.takenOrder, ["running/1#", "running/0#"]);
        assert.equal((await again.get("ended"))?.state, "Succeeded");
        assert.deepEqual(
          (await again.list(ALL)).plans.map((summary) => summary.plan_id),
          ["cancelling", "running", "ended", "queued"],
        );
      } finally {
        await again.close();
      }
    },
  ),

  rule("remembers the latest offers in their order", async (store, _first, subject) => {
    const offer = (key: string) => ({ key, kind: "Stateless" }) as const;
    await store.rememberOffers(["a", "b", "c"].map(offer), 3);
    await store.rememberOffers([{ key: "a", kind: "Trainable" }, offer("d")], 3);
    await store.close();
    const again = subject.again();
    const { offered } = await again.open();
    await again.close();
    if (!subject.durable) return assert.deepEqual(offered, []);
    assert.deepEqual(offered, [offer("c"), { key: "a", kind: "Trainable" }, offer("d")]);
  }),

  rule("goes on where it was when it opens again", async (store, _first, subject) => {
    if (!subject.durable) return;
    await commit(store, write("p", 0, accept("p"), assign("p")));
    await store.close();
    const again = subject.again();
    await again.open();
    try {
      const change = write("p", 1, takeResult("p"), finish(succeeded()));
      assert.deepEqual(await commit(again, change), [{ type: "done" }]);
      const kept = await again.get("p");
      assert.deepEqual(
        [kept?.version, kept?.plan, kept?.attempts[0]?.result, kept?.outcome],
        [2, plan("p"), success(), succeeded()],
      );
    } finally {
      await again.close();
    }
  }),
];
