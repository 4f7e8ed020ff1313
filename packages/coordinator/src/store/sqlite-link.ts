import { Worker } from "node:worker_threads";
import { PlanwireError } from "@planwire/protocol";
import type { Answer, Ask, Question, Reply, Topic } from "./sqlite-messages.js";
import { storeClosed } from "./store-errors.js";

interface Asker {
  readonly resolve: (answer: Answer<Topic>) => void;
  readonly reject: (error: PlanwireError) => void;
}

/** Asks the thread that holds a file. It keeps the process alive only while it owes an answer. */
export class StoreLink {
  readonly #worker: Worker;
  readonly #askers = new Map<number, Asker>();
  #lastId = 0;
  #ended: PlanwireError | undefined;

  constructor(path: string) {
    this.#worker = new Worker(new URL("./sqlite-thread.js", import.meta.url), {
      name: "planwire-store",
      workerData: { path },
      // Node announces its own SQLite as experimental to whoever starts a coordinator.
      execArgv: ["--disable-warning=ExperimentalWarning"],
    });
    this.#worker.unref();
    this.#worker.on("message", (reply: Reply) => this.#settle(reply));
    this.#worker.on("error", (cause) => this.#fail(threadEnded(cause)));
    this.#worker.on("exit", () => this.#fail(threadEnded(undefined)));
  }

  /** Rejects with STORE_UNAVAILABLE, or what else the topic may answer. `moved` buffers are gone afterwards. */
  ask<T extends Topic>(topic: T, ask: Ask<T>, moved: ArrayBuffer[] = []): Promise<Answer<T>> {
    if (this.#ended) return Promise.reject(this.#ended);
    const id = ++this.#lastId;
    // The compiler can't see that topic and ask belong together, nor the answer to them.
    const question = { id, topic, ask } as Question;
    return new Promise((resolve, reject) => {
      this.#askers.set(id, { resolve: resolve as Asker["resolve"], reject });
      this.#worker.ref();
      this.#worker.postMessage(question, moved);
    });
  }

  /** Ends the thread; what it still owes is rejected. */
  async stop(): Promise<void> {
    this.#fail(storeClosed());
    await this.#worker.terminate();
  }

  #settle(reply: Reply): void {
    const asker = this.#askers.get(reply.id);
    if (!asker) return; // rejected when the link ended; unref would let the process exit before the thread has
    this.#askers.delete(reply.id);
    if (this.#askers.size === 0) this.#worker.unref();
    if ("error" in reply) {
      const { code, message, hint, retryable } = reply.error;
      asker.reject(new PlanwireError(code, message, { retryable, ...(hint && { hint }) }));
    } else asker.resolve(reply.answer);
  }

  #fail(error: PlanwireError): void {
    this.#ended ??= error;
    for (const { reject } of this.#askers.values()) reject(this.#ended);
    this.#askers.clear();
  }
}

function threadEnded(cause: unknown): PlanwireError {
  const why = cause instanceof Error ? `: ${cause.message}` : "";
  return new PlanwireError("STORE_UNAVAILABLE", `the store's thread has ended${why}`, {
    hint: "Start the coordinator again; what was answered is on the disk.",
    retryable: false,
    cause,
  });
}
