import { RefusedChange } from "./refused-change.js";
import type { StoredAttempt } from "./store.js";

/** Several attempts of one execution. What a write has replaced is kept until it has landed. */
export class MemoryAttempts {
  readonly #byKey = new Map<string, StoredAttempt>();
  readonly #taken = new Set<string>();
  #replaced: { readonly key: string; readonly before: StoredAttempt | undefined }[] = [];

  get(partId: string, attempt: number): StoredAttempt | undefined {
    return this.#byKey.get(keyOf(partId, attempt));
  }

  put(attempt: StoredAttempt): void {
    const { partId, result } = attempt;
    const key = keyOf(partId, attempt.attempt);
    const before = this.#byKey.get(key);
    if (result && !before?.result) {
      if (this.#taken.has(partId)) throw RefusedChange.resultExists(partId);
      this.#taken.add(partId);
    }
    this.#replaced.push({ key, before });
    this.#byKey.set(key, attempt);
  }

  landed(): void {
    this.#replaced = [];
  }

  /** Undoes all since the last write landed. */
  putBack(): void {
    for (const { key, before } of this.#replaced.toReversed()) {
      const now = this.#byKey.get(key);
      if (now?.result && !before?.result) this.#taken.delete(now.partId);
      if (before) this.#byKey.set(key, before);
      else this.#byKey.delete(key);
    }
    this.#replaced = [];
  }

  /** In the order in which they were made. */
  all(): StoredAttempt[] {
    return [...this.#byKey.values()];
  }

  /** Ids of the parts with a result, in the order in which those were taken. */
  taken(): string[] {
    return [...this.#taken];
  }
}

function keyOf(partId: string, attempt: number): string {
  return `${attempt} ${partId}`;
}
