/** Shorter, it is busy, not blocked. */
const BLOCKED_MS = 1_000;

/** Asks the main thread for a sign of life with each sample, and says how long it has owed one. */
export class MainThreadLag {
  readonly #ask: () => void;
  #askedAt: number | undefined;

  constructor(ask: () => void) {
    this.#ask = ask;
  }

  /** Milliseconds; undefined while it answers. As fine as the samples are frequent. */
  sample(mono: number): number | undefined {
    if (this.#askedAt === undefined) {
      this.#askedAt = mono;
      this.#ask();
      return undefined;
    }
    const lag = mono - this.#askedAt;
    return lag >= BLOCKED_MS ? lag : undefined;
  }

  answered(): void {
    this.#askedAt = undefined;
  }
}
