import { atEndOfTick, openSocket } from "#socket";
import {
  decodeFrame,
  encodeFrame,
  FEATURES,
  LIMITS,
  Outbox,
  PlanwireError,
  reuseFrame,
  type Message,
  type PlanEvent,
  type PlanResult,
  type SerializedPlan,
  type Value,
} from "@planwire/protocol";
import type { ClientLimits } from "./client-limits.js";
import type { Effect } from "./core/effects.js";
import type { ClientEvent, Question, SocketLoss } from "./core/events.js";
import type { Failure } from "./core/failure.js";
import { createState, isBusy, type ClientState, type Settings } from "./core/state.js";
import { step } from "./core/step.js";
import { failureOf } from "./error-of-failure.js";
import { frameLength } from "./frame-length.js";
import { holdTimer } from "./hold-timer.js";
import { Outcomes, type OutcomePromise } from "./outcomes.js";
import { Questions, type AnswerTo, type Reply } from "./questions.js";
import type { Socket } from "./socket/socket.js";
import { VERSION } from "./version.js";

export interface DriverOptions {
  readonly url: string;
  readonly token: string | undefined;
  readonly firstConnectionMs: number;
  readonly limits: ClientLimits;
  /** Told whenever somebody begins to wait for something, or nobody does any more. */
  readonly onBusy: (busy: boolean) => void;
}

/** One reader of an execution's events. */
export interface FeedReader {
  take(event: PlanEvent): void;
  fail(why: Failure): void;
}

/** What the driver needs of a stream's two ends here: the source that is pulled and the results that are taken. */
export interface StreamEnds {
  /** Asks the source for a chunk; answered by pullChunkDone or pullChunkEnd. */
  pull(index: number): void;
  /** The chunk that was pulled last, as a frame. */
  takeFrame(): Uint8Array;
  deliver(value: Value, bytes: number): void;
  end(result: PlanResult): void;
  fail(why: Failure): void;
}

/** Features that concern workers alone are left out. */
const CLIENT_FEATURES = FEATURES.filter((feature) => feature !== "books");

/** Carries out what the core decides: owns the socket and the timer, and knows who waits for what. */
export class Driver {
  readonly #options: DriverOptions;
  readonly #state: ClientState;
  readonly #queue: ClientEvent[] = [];
  #running = false;
  #socket: Socket | undefined;
  #outbox: Outbox | undefined;
  #frameBytes: number = LIMITS.frameBytes;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #busy = true;
  #isConnected = false;
  readonly #questions = new Questions();
  readonly #outcomes = new Outcomes();
  readonly #feeds = new Map<number, FeedReader>();
  readonly #streams = new Map<string, StreamEnds>();
  #lastFeed = 0;
  /** Settles when the first Welcome came, or with why none will. */
  readonly connected: Promise<Failure | undefined>;
  #settleConnected: (why: Failure | undefined) => void = () => undefined;
  #settleGone: () => void = () => undefined;
  readonly #gone: Promise<void>;

  constructor(options: DriverOptions) {
    this.#options = options;
    this.#state = createState(settingsOf(options));
    this.connected = new Promise((resolve) => (this.#settleConnected = resolve));
    this.#gone = new Promise((resolve) => (this.#settleGone = resolve));
    this.dispatch({ type: "connect" });
  }

  get limits(): ClientLimits {
    return this.#options.limits;
  }

  /** How many entries each table has, here and in the core: none when all that was asked for has ended. */
  get open(): Readonly<Record<string, number>> {
    const { requests, watches, watchRequests, streams } = this.#state;
    return {
      questions: this.#questions.size,
      outcomes: this.#outcomes.size,
      feeds: this.#feeds.size,
      streamEnds: this.#streams.size,
      requests: requests.pending.size,
      watches: watches.size,
      watchRequests: watchRequests.size,
      streams: streams.size,
    };
  }

  ask<Q extends Question>(question: Q): Promise<Reply<AnswerTo<Q>>> {
    const { ask, reply } = this.#questions.open<AnswerTo<Q>>();
    this.dispatch({ type: "ask", ask, question });
    return reply;
  }

  /** `abandon` gives up waiting, and cancels what may have been accepted. */
  submit(
    plan: SerializedPlan,
    forOutcome = false,
  ): {
    accepted: Promise<Reply<AnswerTo<{ type: "Submit" }>>>;
    outcome: OutcomePromise;
    abandon: (why: Failure) => void;
  } {
    const outcome = this.#outcomes.of(plan.plan_id);
    const { ask, reply } = this.#questions.open<AnswerTo<{ type: "Submit" }>>();
    this.dispatch({ type: "submit", ask, plan, forOutcome });
    const abandon = (why: Failure) => {
      if (!this.#questions.refuse(ask, why)) return;
      this.dispatch({ type: "abandonSubmit", ask, reason: why.message });
    };
    return { accepted: reply, outcome, abandon };
  }

  /** Submits under a fresh id: why it was refused, if it was, is its outcome too, and nobody waits for its acceptance. */
  run(plan: SerializedPlan): OutcomePromise {
    const outcome = this.#outcomes.of(plan.plan_id);
    this.dispatch({ type: "submit", plan, forOutcome: true });
    return outcome;
  }

  /** The outcome of an execution that was accepted earlier. */
  follow(planId: string): OutcomePromise {
    const outcome = this.#outcomes.of(planId);
    this.dispatch({ type: "follow", planId });
    return outcome;
  }

  /** Gives `reader` all events that are kept and those to come; returns what ends that. */
  openFeed(planId: string, reader: FeedReader): () => void {
    const feed = ++this.#lastFeed;
    this.#feeds.set(feed, reader);
    this.dispatch({ type: "openFeed", feed, planId });
    return () => {
      if (this.#feeds.delete(feed)) this.dispatch({ type: "closeFeed", feed, planId });
    };
  }

  openStream(streamId: string, plan: SerializedPlan, ends: StreamEnds): void {
    this.#streams.set(streamId, ends);
    this.dispatch({ type: "openStream", streamId, plan });
  }

  /** Encodes a stream's chunk as the coordinator reads it. Throws VALUE_UNSUPPORTED. */
  encodeChunk(streamId: string, index: number, value: Value): Uint8Array {
    const message = { type: "ChunkData", stream_id: streamId, chunk_index: index, value } as const;
    return binary(encodeFrame(message, this.#features()));
  }

  /** Settles everything with CLOSED; resolves when the socket is gone. */
  async close(): Promise<void> {
    this.dispatch({ type: "close" });
    if (!this.#socket) return;
    this.#socket.holdProcess(true);
    await this.#gone;
  }

  /** Feeds the core. What an effect causes meanwhile waits its turn. */
  dispatch(event: ClientEvent): void {
    if (this.#running) return void this.#queue.push(event);
    this.#running = true;
    try {
      for (let next: ClientEvent | undefined = event; next; next = this.#queue.shift()) {
        const effects = step(this.#state, next, { mono: performance.now() });
        for (const effect of effects) this.#carryOut(effect);
      }
    } finally {
      this.#running = false;
    }
    this.#noteBusy();
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case "openSocket":
        return this.#openSocket(effect.connection);
      case "closeSocket":
        return this.#closeSocket();
      case "send":
        return this.#send(effect.message);
      case "writeFor":
        this.#outbox?.setFeatures(effect.features);
        this.#frameBytes = effect.frameBytes;
        return;
      case "wakeAt":
        return this.#wakeAt(effect.at);
      case "connected":
        this.#isConnected = true;
        return this.#settleConnected(undefined);
      case "ended":
        return this.#settleConnected(effect.failure);
      case "answer":
        return this.#questions.answer(effect.ask, effect.answer);
      case "refuse":
        return void this.#questions.refuse(effect.ask, effect.failure);
      case "finish":
        return this.#outcomes.finish(effect.planId, effect.outcome);
      case "loseSight":
        return this.#outcomes.lose(effect.planId, effect.failure);
      case "feed":
        return this.#feed(effect.feed, effect.event);
      case "failFeed":
        this.#feeds.get(effect.feed)?.fail(effect.failure);
        return void this.#feeds.delete(effect.feed);
      case "pullChunk":
        return this.#streams.get(effect.streamId)?.pull(effect.index);
      case "sendChunk":
        return this.#sendChunk(effect.streamId);
      case "deliverResult":
        return this.#streams.get(effect.streamId)?.deliver(effect.value, effect.bytes);
      case "endStream":
        return this.#endStream(effect.streamId, (ends) => ends.end(effect.result));
      case "failStream":
        return this.#endStream(effect.streamId, (ends) => ends.fail(effect.failure));
    }
  }

  #openSocket(connection: number): void {
    const { url, token } = this.#options;
    const socket = openSocket(
      { url, token, frameBytes: LIMITS.frameBytes },
      {
        opened: () => this.dispatch({ type: "openSocketDone", connection }),
        received: (frame) => this.#received(connection, frame),
        drained: () => outbox.drained(),
        closed: (loss) => this.#closed(connection, socket, outbox, loss),
      },
    );
    const outbox = new Outbox({
      send: (frame) => socket.send(frame),
      // A stream doesn't resume here: what it sent, nobody sends again.
      sendBulk: (frame) => socket.send(frame, () => reuseFrame(frame)),
      bufferedBytes: () => socket.bufferedBytes(),
      schedule: atEndOfTick,
    });
    socket.holdProcess(this.#busy);
    this.#socket = socket;
    this.#outbox = outbox;
  }

  #closeSocket(): void {
    this.#outbox?.flush();
    this.#outbox?.close();
    this.#socket?.close();
  }

  #closed(connection: number, socket: Socket, outbox: Outbox, loss: SocketLoss): void {
    outbox.close();
    if (this.#socket === socket) {
      this.#socket = undefined;
      this.#outbox = undefined;
    }
    this.dispatch({ type: "socketClosed", connection, random: Math.random(), ...loss });
    if (this.#state.session.phase.name === "ended") this.#settleGone();
  }

  #received(connection: number, frame: string | Uint8Array): void {
    for (const decoded of decodeFrame(frame)) {
      if (decoded.ok) {
        const { message } = decoded;
        if (!("type" in message)) continue; // what peers of the inherited wire answer without a type
        const bytes = frame.length;
        this.dispatch({ type: "received", connection, message: message as Message, bytes });
        continue;
      }
      const { requestId, isError } = decoded;
      this.dispatch({
        type: "brokenReceived",
        connection,
        failure: failureOf(decoded.error),
        isError,
        ...(requestId !== undefined && { requestId }),
      });
    }
  }

  #send(message: Message): void {
    const outbox = this.#outbox;
    if (!outbox) return;
    try {
      const frame = encodeFrame(message, outbox.features);
      const bytes = frameLength(frame, this.#frameBytes);
      if (bytes > this.#frameBytes) throw tooLarge(bytes, this.#frameBytes);
      // The end of a stream goes behind its chunks.
      if (message.type === "StreamEnd") outbox.pushBulk(binary(frame));
      else outbox.pushFrame(frame);
    } catch (error) {
      this.dispatch({ type: "sendFailed", message, failure: failureOf(error) });
    }
  }

  /** Nothing follows the last event: a reader that never comes back for it keeps no entry here. */
  #feed(feed: number, event: PlanEvent): void {
    this.#feeds.get(feed)?.take(event);
    if (event.event.kind === "Finished") this.#feeds.delete(feed);
  }

  #sendChunk(streamId: string): void {
    const ends = this.#streams.get(streamId);
    if (ends) this.#outbox?.pushBulk(ends.takeFrame());
  }

  #endStream(streamId: string, end: (ends: StreamEnds) => void): void {
    const ends = this.#streams.get(streamId);
    this.#streams.delete(streamId);
    if (ends) end(ends);
  }

  #wakeAt(at: number | undefined): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (at === undefined) return;
    const wait = Math.max(0, at - performance.now());
    this.#timer = setTimeout(() => {
      this.dispatch({ type: "wakeAtDone", random: Math.random() });
    }, Math.ceil(wait));
    holdTimer(this.#timer, this.#busy);
  }

  #features(): ReadonlySet<(typeof FEATURES)[number]> {
    return this.#outbox?.features ?? new Set();
  }

  /** An idle client keeps no process alive, wherever its connection stands. */
  #noteBusy(): void {
    const connecting = !this.#isConnected && this.#state.session.phase.name !== "ended";
    const busy = connecting || isBusy(this.#state);
    if (busy === this.#busy) return;
    this.#busy = busy;
    this.#socket?.holdProcess(busy);
    holdTimer(this.#timer, busy);
    this.#options.onBusy(busy);
  }
}

function settingsOf({ firstConnectionMs, limits }: DriverOptions): Settings {
  return {
    implementation: "planwire-client",
    version: VERSION,
    features: CLIENT_FEATURES,
    firstConnectionMs,
    handshakeMs: 5_000,
    backoff: { firstMs: 100, longestMs: 5_000 },
    maxRequests: limits.maxRequests,
    maxStreams: limits.maxStreams,
    resultWindow: { bytes: limits.streamBytes, chunks: limits.streamChunks },
  };
}

function binary(frame: string | Uint8Array): Uint8Array {
  if (typeof frame !== "string") return frame;
  throw new PlanwireError("INTERNAL", "a stream's message was written as text");
}

function tooLarge(bytes: number, limit: number): PlanwireError<"MESSAGE_TOO_LARGE"> {
  const text = `this message has ${bytes} bytes, at most ${limit} may travel at once`;
  return new PlanwireError("MESSAGE_TOO_LARGE", text, {
    details: { bytes, limit },
    hint: "send large data in chunks: pw.stream(plan, chunks(rows, size))",
  });
}
