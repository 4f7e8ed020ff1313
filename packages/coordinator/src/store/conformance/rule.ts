import assert from "node:assert/strict";
import type { ListQuery, Opened, Store, StoredExecution } from "../store.js";

/** A store that is held to the rules of store.ts. */
export interface StoreSubject {
  /** Fresh, and not open yet. */
  readonly store: Store;
  /** Another one on the same data, to be opened after the first was closed. */
  again(): Store;
  /** Whether data outlive the closing. */
  readonly durable: boolean;
}

/** One rule: a sentence, and what throws where the subject breaks it. Independent of a test runner. */
export interface StoreRule {
  readonly name: string;
  check(subject: StoreSubject): Promise<void>;
}

/** A rule that is tried on an open store, which is closed afterwards. */
export function rule(
  name: string,
  check: (store: Store, opened: Opened, subject: StoreSubject) => Promise<void>,
): StoreRule {
  return {
    name,
    async check(subject) {
      const { store } = subject;
      const opened = await store.open();
      try {
        await check(store, opened, subject);
      } finally {
        await store.close();
      }
    },
  };
}

/** A page that holds everything. */
export const ALL: ListQuery = { limit: 1_000, state: undefined, before: undefined };

export async function getExecution(store: Store, planId: string): Promise<StoredExecution> {
  const found = await store.get(planId);
  assert.ok(found, `${planId} is in the store`);
  return found;
}
