/**
 * Whether a call has been told to stop. Its signal is made when the filter first asks for it: most never do, and a controller for each
 * was nearly half of what a small call cost (measured: 3.3 microseconds with, 1.8 without).
 */
export class Cancellation {
  #controller: AbortController | undefined;
  #aborted = false;

  get aborted(): boolean {
    return this.#aborted;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#aborted) this.#controller.abort();
    return this.#controller.signal;
  }

  abort(): void {
    this.#aborted = true;
    this.#controller?.abort();
  }
}
