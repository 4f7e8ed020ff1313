import {
  createState,
  failureOf,
  step,
  type ClientState,
  type SocketLoss,
} from "@planwire/client/core";
import {
  canonicalContent,
  decodeFrame,
  encodeFrame,
  FEATURES,
  LIMITS,
  Outbox,
  PlanwireError,
  type Message,
  type SerializedPlan,
  type Value,
} from "@planwire/protocol";
import type { Peer } from "../oracle/facts.js";
import { describeMessage, planOfMessage, planOfStream } from "./describe-message.js";
import type { ClientEffect, ClientEvent } from "./drives.js";
import type { SimSocket } from "./network.js";
import { Repeats } from "./repeats.js";
import { SimProcess, SimTimer } from "./sim-process.js";
import type { World } from "./world.js";

const PING_EVERY_MS = 10_000;
const SILENT_PINGS = 2;
/** A story's clients wait for their first coordinator as long as it takes. */
const FIRST_CONNECTION_MS = 1e9;

interface StreamEnds {
  readonly chunks: number;
  /** How long the user keeps each result before taking the next one. */
  readonly tasteMs: number;
  pulled: number;
  frame: { readonly frame: Uint8Array; readonly index: number; readonly value: Value } | undefined;
}

/** A client process: the real core behind a shell that does what the real one does. Its users are the story. */
export class ClientProcess extends SimProcess {
  readonly #world: World;
  readonly peer: Peer;
  readonly state: ClientState;
  readonly #step: typeof step;
  readonly #timer: SimTimer;
  readonly repeats: Repeats;
  readonly #queue: ClientEvent[] = [];
  readonly #streams = new Map<string, StreamEnds>();
  /** By the number of who asks: what it is about. */
  readonly #asks = new Map<number, string | undefined>();
  /** Its first Welcome came: from here on it has users. */
  isReady = false;
  #running = false;
  #socket: SimSocket | undefined;
  #outbox: Outbox | undefined;
  #silentPings = 0;
  #lastAsk = 0;
  #lastFeed = 0;

  constructor(world: World, name: string, process: string) {
    super(world.clock);
    this.#world = world;
    this.repeats = new Repeats(world, this);
    this.peer = { kind: "client", name, process };
    this.#step = world.plant.client?.(step) ?? step;
    this.state = createState({
      implementation: process,
      version: "0.1.0",
      features: FEATURES.filter((feature) => feature !== "books"),
      firstConnectionMs: FIRST_CONNECTION_MS,
      handshakeMs: 5_000,
      backoff: { firstMs: 100, longestMs: 2_000 },
      maxRequests: 1_000,
      maxStreams: 100,
      resultWindow: { bytes: 4_096, chunks: 8 },
    });
    this.#timer = new SimTimer(this, () =>
      this.#dispatch({ type: "wakeAtDone", random: world.chance.fraction() }),
    );
    this.#note("starts");
    world.witness({ type: "clientStarted", peer: this.peer });
    this.#dispatch({ type: "connect" });
  }

  override die(): void {
    if (!this.isAlive) return;
    super.die();
    this.#note("is killed");
    this.#world.witness({ type: "clientDied", peer: this.peer });
  }

  submit(plan: SerializedPlan, forOutcome: boolean): void {
    const ask = this.#open(plan.plan_id);
    this.#note(`submits ${plan.plan_id}`, plan.plan_id);
    this.#world.witness({
      type: "clientSubmits",
      peer: this.peer,
      ask,
      plan,
      content: canonicalContent(plan),
    });
    this.#dispatch({ type: "submit", ask, plan, forOutcome });
  }

  /** Submits under an id that is nobody else's, and waits for its outcome alone. */
  runPlan(plan: SerializedPlan): void {
    this.#note(`runs ${plan.plan_id}`, plan.plan_id);
    const content = canonicalContent(plan);
    this.#world.witness({ type: "clientSubmits", peer: this.peer, plan, content });
    this.#dispatch({ type: "submit", plan, forOutcome: true });
  }

  cancel(planId: string): void {
    const ask = this.#open(planId);
    this.#note(`cancels ${planId}`, planId);
    this.#world.witness({ type: "clientCancels", peer: this.peer, ask, planId });
    this.#dispatch({ type: "ask", ask, question: { type: "Cancel", plan_id: planId } });
  }

  get(planId: string): void {
    const ask = this.#open(planId);
    this.#note(`asks for ${planId}`, planId);
    this.#world.witness({ type: "clientGets", peer: this.peer, ask, planId });
    this.#dispatch({ type: "ask", ask, question: { type: "Get", plan_id: planId } });
  }

  /** Sends a worker away. */
  drain(workerId: string): void {
    const ask = this.#open(undefined);
    this.#note(`drains ${workerId}`);
    this.#world.witness({ type: "clientDrains", peer: this.peer, ask });
    this.#dispatch({ type: "ask", ask, question: { type: "Drain", worker_id: workerId } });
  }

  follow(planId: string): void {
    this.#note(`follows ${planId}`, planId);
    this.#world.witness({ type: "clientFollows", peer: this.peer, planId });
    this.#dispatch({ type: "follow", planId });
  }

  openFeed(planId: string): void {
    const feed = ++this.#lastFeed;
    this.#note(`reads the events of ${planId}`, planId);
    this.#world.witness({ type: "feedOpened", peer: this.peer, feed, planId });
    this.#dispatch({ type: "openFeed", feed, planId });
  }

  openStream(streamId: string, plan: SerializedPlan, chunks: number, tasteMs: number): void {
    this.#streams.set(streamId, { chunks, tasteMs, pulled: 0, frame: undefined });
    this.#note(`opens ${streamId}, ${chunks} chunks`, plan.plan_id);
    this.#world.witness({ type: "streamOpened", peer: this.peer, streamId, plan, chunks });
    this.#dispatch({ type: "openStream", streamId, plan });
  }

  cancelStream(streamId: string): void {
    if (!this.#streams.has(streamId)) return;
    this.#note(`cancels ${streamId}`, planOfStream(streamId));
    this.#world.witness({ type: "streamCancelled", peer: this.peer, streamId });
    this.#dispatch({ type: "cancelStream", streamId, reason: "the user" });
  }

  #open(planId: string | undefined): number {
    const ask = ++this.#lastAsk;
    this.#asks.set(ask, planId);
    return ask;
  }

  #dispatch(event: ClientEvent): void {
    this.#queue.push(event);
    if (this.#running) return;
    this.#running = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      for (const effect of this.#step(this.state, next, { mono: this.now.mono })) {
        this.#carryOut(effect);
      }
    }
    this.#running = false;
  }

  #carryOut(effect: ClientEffect): void {
    const { peer } = this;
    const { witness } = this.#world;
    switch (effect.type) {
      case "openSocket":
        return this.#openSocket(effect.connection);
      case "closeSocket":
        this.#outbox?.flush();
        this.#outbox?.close();
        return this.#socket?.close(1000, "");
      case "send":
        return this.#send(effect.message);
      case "writeFor":
        return this.#outbox?.setFeatures(effect.features);
      case "wakeAt":
        return this.#timer.set(effect.at);
      case "connected":
        this.isReady = true;
        return;
      case "ended":
        return this.#note(`its session ends: ${effect.failure.code}`);
      case "answer":
        this.#note(`is answered ${describeMessage(effect.answer)}`, this.#asks.get(effect.ask));
        return witness({ type: "clientAnswered", peer, ask: effect.ask, answer: effect.answer });
      case "refuse": {
        const { code, message } = effect.failure;
        this.#note(`is refused: ${code} ${message}`, this.#asks.get(effect.ask));
        return witness({ type: "clientRefused", peer, ask: effect.ask, code, message });
      }
      case "finish": {
        const { planId, outcome } = effect;
        this.#note(`is told that ${planId} ${outcome.status}`, planId);
        return witness({ type: "clientToldOutcome", peer, planId, outcome });
      }
      case "loseSight": {
        const { planId, failure } = effect;
        this.#note(`loses sight of ${planId}: ${failure.code}`, planId);
        return witness({ type: "clientLostSight", peer, planId, code: failure.code });
      }
      case "feed":
        return witness({ type: "feedTold", peer, feed: effect.feed, event: effect.event });
      case "failFeed":
        return witness({ type: "feedFailed", peer, feed: effect.feed, code: effect.failure.code });
      case "pullChunk":
        return this.#pull(effect.streamId, effect.index);
      case "sendChunk":
        return this.#sendChunk(effect.streamId);
      case "deliverResult":
        return this.#deliver(effect);
      case "endStream": {
        const { streamId, result } = effect;
        this.#streams.delete(streamId);
        this.#note(`${streamId} has ended: ${result.status}`, planOfStream(streamId));
        return witness({ type: "streamEnded", peer, streamId, result });
      }
      case "failStream": {
        const { streamId, failure } = effect;
        this.#streams.delete(streamId);
        this.#note(
          `${streamId} has failed: ${failure.code} ${failure.message}`,
          planOfStream(streamId),
        );
        return witness({ type: "streamFailed", peer, streamId, code: failure.code });
      }
    }
  }

  #pull(streamId: string, index: number): void {
    this.after(this.#world.chance.between(0, 5), () => {
      const ends = this.#streams.get(streamId);
      if (ends === undefined) return;
      if (ends.pulled >= ends.chunks) return this.#dispatch({ type: "pullChunkEnd", streamId });
      ends.pulled += 1;
      const value: Value = { type: "Json", data: `${streamId}.${index}` };
      const message = {
        type: "ChunkData",
        stream_id: streamId,
        chunk_index: index,
        value,
      } as const;
      const frame = binary(encodeFrame(message, this.#outbox?.features ?? new Set()));
      ends.frame = { frame, index, value };
      this.#dispatch({ type: "pullChunkDone", streamId, bytes: frame.length });
    });
  }

  #sendChunk(streamId: string): void {
    const chunk = this.#streams.get(streamId)?.frame;
    if (chunk === undefined)
      throw new PlanwireError("INTERNAL", "a chunk was to be sent that was not pulled");
    const { index, value } = chunk;
    this.#world.witness({ type: "chunkSent", peer: this.peer, streamId, index, value });
    this.#outbox?.pushBulk(chunk.frame);
  }

  #deliver({ streamId, value, bytes }: Extract<ClientEffect, { type: "deliverResult" }>): void {
    this.#world.witness({ type: "resultDelivered", peer: this.peer, streamId, value });
    const tasteMs = this.#streams.get(streamId)?.tasteMs ?? 0;
    this.after(tasteMs, () => this.#dispatch({ type: "resultTaken", streamId, bytes }));
  }

  #openSocket(connection: number): void {
    const { net, chance } = this.#world;
    let isOpen = false;
    const closed = (loss: SocketLoss) => {
      isOpen = false;
      outbox.close();
      if (this.#socket === socket) {
        this.#socket = undefined;
        this.#outbox = undefined;
      }
      this.#dispatch({ type: "socketClosed", connection, random: chance.fraction(), ...loss });
    };
    const socket = net.dial(this.peer.name, this, {
      opened: () => {
        isOpen = true;
        this.#silentPings = 0;
        this.#ping(socket, () => isOpen);
        this.#dispatch({ type: "openSocketDone", connection });
      },
      received: (frame) => this.#received(connection, frame),
      drained: () => outbox.drained(),
      ponged: () => (this.#silentPings = 0),
      closed: ({ code, reason }) => closed({ closeCode: code, reason }),
    });
    const outbox = new Outbox({
      send: (frame) => socket.send(frame),
      bufferedBytes: () => socket.bufferedBytes(),
      schedule: (flush) => this.after(0, flush),
    });
    this.#socket = socket;
    this.#outbox = outbox;
  }

  /** A coordinator that is gone without a word is found by two pings without any answer. */
  #ping(socket: SimSocket, isOpen: () => boolean): void {
    this.after(PING_EVERY_MS, () => {
      if (!isOpen()) return;
      if (this.#silentPings >= SILENT_PINGS) return socket.terminate();
      this.#silentPings += 1;
      socket.ping();
      this.#ping(socket, isOpen);
    });
  }

  #received(connection: number, frame: string | Uint8Array): void {
    this.#silentPings = 0;
    for (const decoded of decodeFrame(frame)) {
      if (!decoded.ok) {
        const { error, isError, requestId } = decoded;
        const about = requestId === undefined ? {} : { requestId };
        this.#notUnderstood(error.message);
        this.#dispatch({
          type: "brokenReceived",
          connection,
          failure: failureOf(error),
          isError,
          ...about,
        });
        continue;
      }
      const { message } = decoded;
      if (!("type" in message)) continue;
      const known = message as Message;
      this.#note(`<- ${describeMessage(known)}`, planOfMessage(known));
      this.#dispatch({ type: "received", connection, message: known, bytes: frame.length });
    }
  }

  #notUnderstood(why: string): void {
    this.#world.witness({ type: "notUnderstood", by: this.peer.process, why });
  }

  #send(message: Message): void {
    const outbox = this.#outbox;
    if (outbox === undefined) return;
    try {
      const frame = encodeFrame(message, outbox.features);
      if (frame.length > LIMITS.frameBytes)
        throw new PlanwireError("INTERNAL", "a story's messages are small");
      if (message.type === "StreamEnd") return outbox.pushBulk(binary(frame));
      outbox.pushFrame(frame);
      this.repeats.consider(message, () => {
        if (this.#outbox !== outbox) return;
        this.#world.witness({ type: "saysAgain", process: this.peer.process, message });
        outbox.pushFrame(frame);
      });
    } catch (error) {
      this.#dispatch({ type: "sendFailed", message, failure: failureOf(error) });
    }
  }

  #note(what: string, planId?: string): void {
    this.#world.log.add(this.clock.mono, this.peer.process, what, planId);
  }
}

function binary(frame: string | Uint8Array): Uint8Array {
  if (typeof frame !== "string") return frame;
  throw new PlanwireError("INTERNAL", "a stream's message was written as text");
}
