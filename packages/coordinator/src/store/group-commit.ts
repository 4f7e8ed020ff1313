import type { EncodedWrite } from "./sqlite-messages.js";
import { encodeWrite } from "./sqlite-values.js";
import type { Write, WriteAnswer } from "./store.js";

type Answer = (answers: readonly WriteAnswer[]) => void;
type Failed = Extract<WriteAnswer, { type: "failed" }>;

/** What one call handed over; a write that can't be encoded is answered already. */
interface Waiting {
  readonly writes: readonly (EncodedWrite | Failed)[];
  readonly answer: Answer;
}

/** Writes of one transaction, unless one call hands over more: the thread answers nothing else meanwhile. */
const MOST_WRITES = 1_024;

const unanswered: Failed = { type: "failed", reason: "the store's thread left it unanswered" };

/** Gathers what comes while a commit is under way, so that all of it shares the next one's sync. */
export class GroupCommit {
  readonly #send: (writes: readonly EncodedWrite[]) => Promise<readonly WriteAnswer[]>;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  constructor(send: (writes: readonly EncodedWrite[]) => Promise<readonly WriteAnswer[]>) {
    this.#send = send;
  }

  add(writes: readonly Write[], answer: Answer): void {
    this.#waiting.push({ writes: writes.map(encodeOrFail), answer });
    this.#running ??= this.#run();
  }

  /** Resolves when all that was added is answered. */
  async settled(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      await Promise.resolve(); // what else is handed over in this very tick goes along
      while (this.#waiting.length > 0) await this.#commit(this.#takeBatch());
    } finally {
      this.#running = undefined;
    }
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    const encoded = batch.flatMap(({ writes }) => writes.filter(isEncoded));
    const answers = await this.#answersTo(encoded);
    let next = 0;
    for (const { writes, answer } of batch) {
      answer(writes.map((write) => (isEncoded(write) ? (answers[next++] ?? unanswered) : write)));
    }
  }

  async #answersTo(writes: readonly EncodedWrite[]): Promise<readonly WriteAnswer[]> {
    if (writes.length === 0) return [];
    try {
      return await this.#send(writes);
    } catch (error) {
      return writes.map(() => failed(error));
    }
  }

  #takeBatch(): Waiting[] {
    let calls = 0;
    for (let writes = 0; writes < MOST_WRITES && calls < this.#waiting.length; calls++) {
      writes += this.#waiting[calls]?.writes.length ?? 0;
    }
    return this.#waiting.splice(0, calls);
  }
}

function encodeOrFail(write: Write): EncodedWrite | Failed {
  try {
    return encodeWrite(write);
  } catch (error) {
    return failed(error);
  }
}

function isEncoded(write: EncodedWrite | Failed): write is EncodedWrite {
  return "changes" in write;
}

function failed(error: unknown): Failed {
  return { type: "failed", reason: error instanceof Error ? error.message : String(error) };
}
