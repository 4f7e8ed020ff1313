import type { MessagePort, Worker } from "node:worker_threads";

interface Entry<T> {
  readonly message: T;
  readonly transfer: readonly ArrayBuffer[];
}

/**
 * Posts all messages of one turn of the event loop as one array: a message between threads costs some ten microseconds whatever it holds.
 */
export class BatchPoster<T> {
  readonly #port: Pick<MessagePort | Worker, "postMessage">;
  readonly #instead: (message: T, error: unknown) => T;
  #entries: Entry<T>[] = [];
  readonly #flush = () => this.flush();

  /** `instead` says what to post for a message that can't be cloned. */
  constructor(
    port: Pick<MessagePort | Worker, "postMessage">,
    instead: (message: T, error: unknown) => T,
  ) {
    this.#port = port;
    this.#instead = instead;
  }

  post(message: T, transfer: readonly ArrayBuffer[] = []): void {
    if (this.#entries.push({ message, transfer }) === 1) setImmediate(this.#flush);
  }

  flush(): void {
    const entries = this.#entries;
    if (entries.length === 0) return;
    this.#entries = [];
    try {
      this.#post(entries);
    } catch {
      for (const entry of entries) this.#postAlone(entry);
    }
  }

  #postAlone(entry: Entry<T>): void {
    try {
      this.#post([entry]);
    } catch (error) {
      this.#post([{ message: this.#instead(entry.message, error), transfer: [] }]);
    }
  }

  #post(entries: readonly Entry<T>[]): void {
    this.#port.postMessage(
      entries.map(({ message }) => message),
      entries.flatMap(({ transfer }) => transfer),
    );
  }
}
