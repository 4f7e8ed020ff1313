import type { LineError } from "../print/json-lines.js";
import { WorkerProcess } from "./worker-process.js";

export interface FleetOptions {
  readonly url: string;
  readonly files: readonly string[];
  readonly token: string | undefined;
  readonly size: number;
  readonly onLine: (workerId: string, line: string) => void;
  /** A worker died by itself, or left because somebody sent it away; another one takes its place after `retryInMs`. */
  readonly onGone: (workerId: string, how: "left" | "died", retryInMs: number) => void;
}

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;

/** How long a worker may take to finish when `dev` ends, in milliseconds. */
const LEAVE_MS = 10_000;

/** The workers of `dev`: always the newest generation that could be started. */
export class Fleet {
  readonly #options: FleetOptions;
  #current: WorkerProcess[] = [];
  /** Old ones that still finish what they have. */
  readonly #leaving = new Set<WorkerProcess>();
  #generation = 0;
  #deathsInARow = 0;
  #closed = false;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  get workerIds(): string[] {
    return this.#current.map(({ id }) => id);
  }

  /**
   * Starts a new generation, and when all of it is registered drains the one before.
   * @returns why it could not be started; the one before then stays
   */
  async renew(): Promise<LineError | undefined> {
    this.#generation += 1;
    const next = Array.from({ length: this.#options.size }, (_, i) => this.#start(i + 1));
    const starts = await Promise.all(next.map(({ started }) => started));
    const failed = starts.find((start) => !start.registered);
    if (failed || this.#closed) {
      for (const worker of next) worker.kill();
      return failed?.registered === false ? failed.error : undefined;
    }
    const old = this.#current;
    this.#current = next;
    this.#deathsInARow = 0;
    for (const worker of next) this.#replaceOnDeath(worker);
    for (const worker of old) this.#retire(worker);
    return undefined;
  }

  /** All finish what they have, for a while; then they are killed. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const worker of this.#current) this.#retire(worker);
    const all = [...this.#leaving];
    const impatient = setTimeout(() => this.kill(), LEAVE_MS);
    await Promise.all(all.map(({ exited }) => exited));
    clearTimeout(impatient);
  }

  kill(): void {
    for (const worker of [...this.#current, ...this.#leaving]) worker.kill();
  }

  #start(place: number): WorkerProcess {
    const { url, files, token, onLine } = this.#options;
    const id = `dev-${place}.${this.#generation}`;
    return new WorkerProcess({ id, url, files, token, onLine: (line) => onLine(id, line) });
  }

  #retire(worker: WorkerProcess): void {
    this.#leaving.add(worker);
    void worker.drain().then(() => this.#leaving.delete(worker));
  }

  #replaceOnDeath(worker: WorkerProcess): void {
    void worker.exited.then((how) => {
      const place = this.#current.indexOf(worker);
      if (place === -1 || this.#closed) return;
      const retryInMs = Math.min(FIRST_RETRY_MS * 2 ** this.#deathsInARow, LONGEST_RETRY_MS);
      this.#deathsInARow += 1;
      this.#options.onGone(worker.id, how, retryInMs);
      setTimeout(() => {
        if (this.#closed || this.#current[place] !== worker) return;
        const replacement = this.#start(place + 1);
        this.#current[place] = replacement;
        this.#replaceOnDeath(replacement);
      }, retryInMs);
    });
  }
}
