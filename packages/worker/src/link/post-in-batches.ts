import type { MessagePort, Worker } from "node:worker_threads";

/**
 * Posts all messages of one turn of the event loop as one array: a message between threads costs some ten microseconds whatever it holds.
 */
export class BatchPoster<T> {
  readonly #port: Pick<MessagePort | Worker, "postMessage">;
  readonly #instead: (message: T, error: unknown) => T;
  #messages: T[] = [];
  #transfer: ArrayBuffer[] = [];
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
    this.#transfer.push(...transfer);
    if (this.#messages.push(message) === 1) setImmediate(this.#flush);
  }

  flush(): void {
    const messages = this.#messages;
    const transfer = this.#transfer;
    if (messages.length === 0) return;
    this.#messages = [];
    this.#transfer = [];
    try {
      this.#port.postMessage(messages, transfer);
    } catch {
      for (const message of messages) this.#postAlone(message);
    }
  }

  /** Nothing was transferred when one of them could not be cloned: so the others are copied. */
  #postAlone(message: T): void {
    try {
      this.#port.postMessage([message]);
    } catch (error) {
      this.#port.postMessage([this.#instead(message, error)]);
    }
  }
}
