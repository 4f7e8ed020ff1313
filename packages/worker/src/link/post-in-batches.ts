import type { MessagePort, Worker } from "node:worker_threads";

/**
 * Posts all messages of one turn of the event loop as one array: a message between threads costs some ten microseconds whatever it holds.
 */
export class BatchPoster<T> {
  readonly #port: Pick<MessagePort | Worker, "postMessage">;
  #batch: T[] = [];
  readonly #flush = () => this.flush();

  constructor(port: Pick<MessagePort | Worker, "postMessage">) {
    this.#port = port;
  }

  post(message: T): void {
    if (this.#batch.push(message) === 1) setImmediate(this.#flush);
  }

  flush(): void {
    const batch = this.#batch;
    if (batch.length === 0) return;
    this.#batch = [];
    this.#port.postMessage(batch);
  }
}
