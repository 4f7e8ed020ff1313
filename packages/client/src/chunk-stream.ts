import { fromValue, toValue } from "@planwire/plan";
import {
  PlanwireError,
  type PlanResult,
  type SerializedPlan,
  type Value,
} from "@planwire/protocol";
import { failure, type Failure } from "./core/failure.js";
import { deadlineExceeded, ITS_DEADLINE, LONGEST_TIMER_MS } from "./deadline.js";
import type { Driver, StreamEnds } from "./driver.js";
import { errorOf } from "./error-of-failure.js";
import { cancelledError } from "./run.js";

/**
 * Chunks that go through a plan. Reading it (`for await`, or `result()`) begins the stream; results come in the order of the chunks. The
 * source is read only as fast as chunks are taken, and the results only as fast as they are read.
 */
export interface ChunkStream<O> extends AsyncIterable<O>, AsyncDisposable {
  /** The plan_id of this stream's execution. */
  readonly id: string;
  /** Chunks sent, and results given to the reader. */
  readonly progress: { readonly sent: number; readonly received: number };
  /** Ends the stream; resolves when it has stopped. Leaving a `for await` does the same. */
  cancel(reason?: string): Promise<void>;
  /**
   * The plan's own output at the end of the stream: undefined unless a filter gathers what came through. Called before
   * anything was read, it reads the results itself and drops them.
   */
  result(): Promise<unknown>;
}

export interface StreamParts {
  readonly driver: Driver;
  readonly streamId: string;
  readonly plan: SerializedPlan;
  readonly source: AsyncIterable<unknown> | Iterable<unknown>;
  /** Awaited before the stream begins. */
  readonly prepare: () => Promise<void>;
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number | undefined;
}

const ITS_SIGNAL = "its signal";

type End =
  | { readonly kind: "result"; readonly result: PlanResult }
  | { readonly kind: "failure"; readonly failure: Failure };

interface Result {
  readonly value: Value;
  readonly bytes: number;
}

export class PlanStream<O> implements ChunkStream<O>, StreamEnds {
  readonly #parts: StreamParts;
  #iterator: AsyncIterator<unknown> | Iterator<unknown> | undefined;
  #frame: Uint8Array | undefined;
  /** Bounded by the credit that this side grants. */
  readonly #results: Result[] = [];
  #reader: "none" | "loop" | "result" = "none";
  #isBegun = false;
  #isOpen = false;
  #sent = 0;
  #received = 0;
  #end: End | undefined;
  /** Why this side ended the stream, its source's own error among others: it is what the reader gets. */
  #ownError: { readonly error: unknown } | undefined;
  #wake: () => void = () => undefined;
  #settleEnded: () => void = () => undefined;
  readonly #ended: Promise<void>;

  constructor(parts: StreamParts) {
    this.#parts = parts;
    this.#ended = new Promise((resolve) => (this.#settleEnded = resolve));
  }

  get id(): string {
    return this.#parts.plan.plan_id;
  }

  get progress(): { readonly sent: number; readonly received: number } {
    return { sent: this.#sent, received: this.#received };
  }

  [Symbol.asyncIterator](): AsyncIterator<O> {
    this.#readBy("loop");
    return this.#read();
  }

  async result(): Promise<unknown> {
    if (this.#reader === "none") {
      this.#readBy("result");
      while (await this.#nextResult());
    }
    await this.#ended;
    return this.#outputAtEnd();
  }

  async cancel(reason = "the client"): Promise<void> {
    if (!this.#isBegun) return this.fail(cancelledBy(reason));
    if (this.#end) return;
    this.#cancelSoon(reason);
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cancel();
  }

  #readBy(reader: "loop" | "result"): void {
    if (this.#reader !== "none") {
      const hint =
        this.#reader === "result"
          ? "result() reads and drops the results: call it after the loop, or during it"
          : "keep the results in an array to read them twice";
      throw new PlanwireError("BAD_USAGE", "this stream is being read already", { hint });
    }
    this.#reader = reader;
  }

  async *#read(): AsyncGenerator<O, void, undefined> {
    try {
      for (let next = await this.#nextResult(); next; next = await this.#nextResult()) {
        yield fromValue(next.value) as O;
      }
      this.#outputAtEnd();
    } finally {
      await this.cancel();
    }
  }

  /** The next result in order; undefined when there is none any more. */
  async #nextResult(): Promise<Result | undefined> {
    this.#begin();
    while (this.#results.length === 0 && !this.#end) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const next = this.#results.shift();
    if (!next) return undefined;
    this.#received++;
    const { driver, streamId } = this.#parts;
    driver.dispatch({ type: "resultTaken", streamId, bytes: next.bytes });
    return next;
  }

  #begin(): void {
    if (this.#isBegun || this.#end) return;
    this.#isBegun = true;
    this.#stopOnSignal();
    this.#stopAtDeadline();
    if (!this.#end) void this.#open();
  }

  #stopOnSignal(): void {
    const { signal } = this.#parts;
    if (!signal) return;
    const stop = () => this.#stopBecause(abortedError(signal.reason), ITS_SIGNAL);
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    void this.#ended.then(() => signal.removeEventListener("abort", stop));
  }

  #stopAtDeadline(): void {
    const { timeoutMs } = this.#parts;
    if (timeoutMs === undefined || timeoutMs > LONGEST_TIMER_MS) return;
    const stop = () => this.#stopBecause(errorOf(deadlineExceeded(timeoutMs)), ITS_DEADLINE);
    const timer = setTimeout(stop, timeoutMs);
    void this.#ended.then(() => clearTimeout(timer));
  }

  #stopBecause(error: unknown, reason: string): void {
    this.#ownError ??= { error };
    this.#cancelSoon(reason);
  }

  async #open(): Promise<void> {
    const { driver, streamId, plan, prepare } = this.#parts;
    try {
      await prepare();
    } catch (error) {
      this.#ownError ??= { error };
      return this.fail(failure("CANCELLED", "the stream could not begin"));
    }
    if (this.#end) return;
    this.#isOpen = true;
    driver.openStream(streamId, plan, this);
  }

  #cancelSoon(reason: string): void {
    if (!this.#isOpen) return this.fail(cancelledBy(reason));
    const { driver, streamId } = this.#parts;
    driver.dispatch({ type: "cancelStream", streamId, reason });
  }

  // What the driver calls.

  pull(index: number): void {
    void this.#pull(index);
  }

  async #pull(index: number): Promise<void> {
    const { driver, streamId } = this.#parts;
    try {
      this.#iterator ??= iteratorOf(this.#parts.source);
      const next = await this.#iterator.next();
      if (this.#end) return;
      if (next.done) {
        this.#iterator = undefined;
        return driver.dispatch({ type: "pullChunkEnd", streamId });
      }
      this.#frame = driver.encodeChunk(streamId, index, toValue(next.value));
      driver.dispatch({ type: "pullChunkDone", streamId, bytes: this.#frame.length });
    } catch (error) {
      this.#stopBecause(error, "its source failed");
    }
  }

  takeFrame(): Uint8Array {
    const frame = this.#frame;
    if (!frame) throw new PlanwireError("INTERNAL", "a chunk was to be sent that was not pulled");
    this.#frame = undefined;
    this.#sent++;
    return frame;
  }

  deliver(value: Value, bytes: number): void {
    this.#results.push({ value, bytes });
    this.#wake();
  }

  end(result: PlanResult): void {
    this.#endWith({ kind: "result", result });
  }

  fail(why: Failure): void {
    this.#endWith({ kind: "failure", failure: why });
  }

  #endWith(end: End): void {
    if (this.#end) return;
    this.#end = end;
    this.#wake();
    this.#settleEnded();
    this.#releaseSource();
  }

  /** A source that did not come to its end may hold a file open. It may also be stuck: nobody waits for it. */
  #releaseSource(): void {
    const iterator = this.#iterator;
    this.#iterator = undefined;
    this.#frame = undefined;
    if (!iterator?.return) return;
    void Promise.resolve(iterator.return()).catch(() => undefined);
  }

  /** What the stream ended with: an output, or an error that is thrown. */
  #outputAtEnd(): unknown {
    if (this.#ownError) throw this.#ownError.error;
    const end = this.#end;
    if (end?.kind === "failure") throw errorOf(end.failure);
    const result = end?.result;
    switch (result?.status) {
      case "Success":
        return fromValue(result.output);
      case "Failed":
        throw errorOf(failureOfResult(result));
      case "Cancelled":
      case undefined:
        throw cancelledError(`the stream ${this.id} was cancelled`, "the client");
    }
  }
}

function iteratorOf(
  source: AsyncIterable<unknown> | Iterable<unknown>,
): AsyncIterator<unknown> | Iterator<unknown> {
  return Symbol.asyncIterator in source
    ? source[Symbol.asyncIterator]()
    : source[Symbol.iterator]();
}

function failureOfResult(result: Extract<PlanResult, { status: "Failed" }>): Failure {
  const { error, code, retryable, node_id, cause, details } = result;
  return {
    ...failure("FILTER_ERROR", error),
    ...(code !== undefined && { code }),
    ...(retryable !== undefined && { retryable }),
    ...(node_id !== undefined && { node_id }),
    ...(cause !== undefined && { cause }),
    ...(details !== undefined && { details }),
  };
}

function cancelledBy(by: string): Failure {
  return failure("CANCELLED", `the stream was cancelled by ${by}`, { details: { by } });
}

function abortedError(reason: unknown): PlanwireError {
  return cancelledError(`the stream was cancelled by ${ITS_SIGNAL}`, ITS_SIGNAL, reason);
}
