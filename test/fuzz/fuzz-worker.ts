import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import {
  FEATURES,
  type Message,
  type MessageOf,
  type MessageType,
  type Registered,
} from "@planwire/protocol";
import { WebSocketServer, type WebSocket } from "ws";
import { Chance } from "../chance.js";
import { brokenUtf8, nextFrame, valid } from "./frames.js";
import { FuzzedConnection } from "./fuzzed-connection.js";
import { holds, type Role } from "./owed-answers.js";
import { sampleOf, type Names } from "./valid-messages.js";

export const FRAMES_OF_SESSION = 5000;
/** Between two assignments whose results are known. */
const FRAMES_PER_KNOWN_PLAN = 50;
/**
 * On a busy machine a call may not hear in its grace that it is to stop; its thread is killed, and whoever comes next waits for a new one: 0.3 s
 * on an idle machine, 4 to 7 s were measured under a load of 20, and one such may follow the other.
 */
const AT_REST_WITHIN_MS = 120_000;
const MOST_GIVEN_UP = 20;

const PLAN_IDS = Array.from({ length: 30 }, (_, index) => `fuzz-${index}`);
const STREAM_IDS = Array.from({ length: 20 }, (_, index) => `stream-${index}`);

const FRAMES_OF_ABSURD = 200;
const ABSURD = (chance: Chance): Partial<Registered> => {
  const number = () => chance.pick([0, 1, 2 ** 31, Number.MAX_SAFE_INTEGER]);
  return {
    heartbeat_interval_ms: number(),
    heartbeat_timeout_ms: number(),
    limits: { frame_bytes: number(), chunk_bytes: number() },
  };
};

const LIKELY: readonly MessageType[] = [
  ...Array<MessageType>(4).fill("AssignPlan"),
  "AssignPythonJob",
  "CancelPlan",
  "CancelPlan",
  "StatusRequest",
  "Ping",
  "ResultAck",
  "HeartbeatAck",
  "Recall",
  "StreamBegin",
  "StreamBegin",
  "ChunkData",
  "ChunkData",
  "ChunkData",
  "StreamEnd",
  "StreamCredit",
  "StreamCancel",
  "StreamCancel",
  "Registered",
];

/** A coordinator whose every connection is fuzzed; the worker dials it again when one has ended. */
export class FuzzingCoordinator {
  readonly #server: WebSocketServer;
  readonly #sessions: Session[] = [];
  #onSession: (() => void) | undefined;

  private constructor(server: WebSocketServer, seed: number) {
    this.#server = server;
    let connections = 0;
    server.on("connection", (socket) => {
      this.#sessions.push(new Session(socket, new Chance(seed + connections++)));
      this.#onSession?.();
    });
  }

  static async listen(seed: number): Promise<FuzzingCoordinator> {
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    await once(server, "listening");
    return new FuzzingCoordinator(server, seed);
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** One connection: the worker is registered, fuzzed, and must be at rest afterwards. Gives back what was wrong. */
  async fuzz(): Promise<string[]> {
    await this.#claimTheImpossible();
    const session = await this.#registered();
    for (let sent = 0; sent < FRAMES_OF_SESSION && session.connection.isOpen; sent++) {
      if (sent % FRAMES_PER_KNOWN_PLAN === 0) await session.assignKnown();
      await session.sendFuzzed();
      if (sent % 16 === 0) await sleep(0);
    }
    return session.end();
  }

  /** A connection whose Registered is well-formed and absurd, and which ends at once. */
  async #claimTheImpossible(): Promise<void> {
    const session = await this.#next();
    await session.register(ABSURD);
    for (let sent = 0; sent < FRAMES_OF_ABSURD && session.connection.isOpen; sent++) {
      await session.sendFuzzed();
    }
    await session.connection.heardAll();
    session.connection.terminate();
  }

  /** Sends the worker away. */
  async shutDown(): Promise<void> {
    const session = await this.#registered();
    await session.connection.sendUnowed(valid({ type: "Shutdown", reason: "the end" }));
  }

  close(): void {
    this.#server.close();
  }

  /** Whoever was told of a lease of no time waits a second for the next Registered. On a busy machine that may pass: then it has dialled anew. */
  async #registered(): Promise<Session> {
    for (let givenUp = 0; givenUp < MOST_GIVEN_UP; givenUp++) {
      const session = await this.#next();
      await session.register();
      if (session.connection.isOpen) return session;
    }
    throw new Error(`the worker gave up ${MOST_GIVEN_UP} connections, one after the other`);
  }

  async #next(): Promise<Session> {
    for (;;) {
      const session = this.#sessions.shift();
      if (session !== undefined) return session;
      await new Promise<void>((resolve) => (this.#onSession = resolve));
    }
  }
}

class Session {
  readonly connection: FuzzedConnection;
  readonly #role: Role;
  readonly #chance: Chance;
  readonly #names: Names;
  /** Plans whose results are known, by id: what must come, and the attempt under way. */
  readonly #known = new Map<string, { input: number; attempt: number }>();
  readonly #wrong: string[] = [];
  #lastKnown = 0;
  #lastHeartbeat: MessageOf<"Heartbeat"> | undefined;

  constructor(socket: WebSocket, chance: Chance) {
    this.#role = chance.happens(0.8) ? "coordinator" : "inherited-coordinator";
    this.connection = new FuzzedConnection(socket, this.#role, (message) => this.#heard(message));
    this.#chance = chance;
    let lastRequest = 0;
    this.#names = {
      requestId: () => ++lastRequest,
      workerId: "fuzzed",
      planIds: PLAN_IDS,
      streamIds: STREAM_IDS,
      filters: ["anything", "anything", "nobody-has-this"],
    };
  }

  /** Answers the worker's Register; before that, now and then, says what has no place yet. */
  async register(claims: (chance: Chance) => Partial<Registered> = () => ({})): Promise<void> {
    const { connection } = this;
    const register = sampleOf("Register", this.#chance, this.#names);
    // The one that opens the connection, and one with what the worker found out about its machine.
    connection.owed.mayGet(register);
    connection.owed.mayGet(register);
    for (let early = this.#chance.int(4) - 1; early > 0; early--) {
      await connection.sendUnowed({ data: '{"type":"HeartbeatAck","handled":0}', isBinary: false });
    }
    await connection.sendUnowed(valid({ ...this.#registered(), ...claims(this.#chance) }));
    await connection.heardAll();
  }

  async assignKnown(): Promise<void> {
    const id = `known-${++this.#lastKnown}`;
    this.#known.set(id, { input: this.#chance.int(1000), attempt: 0 });
    await this.#assign(id);
  }

  async sendFuzzed(): Promise<void> {
    const frame = nextFrame(this.#chance, this.#names, LIKELY);
    if (!holds(frame, "Shutdown")) await this.connection.send(frame);
  }

  #heard(message: Message): void {
    if (message.type === "Heartbeat") {
      this.#lastHeartbeat = message;
      void this.connection.sendUnowed(valid({ type: "HeartbeatAck", handled: 0 }));
    }
    if (message.type === "PlanResult") this.#result(message);
    if (message.type === "Busy" || message.type === "Recalled") this.#givenBack(message.plan_id);
  }

  /** Stops all that was begun; then nothing must be left but the connection, which is closed. */
  async end(): Promise<string[]> {
    const { connection } = this;
    await connection.heardAll();
    for (const stream_id of connection.owed.streamIds) {
      await connection.sendUnowed(valid({ type: "StreamCancel", stream_id }));
    }
    const until = performance.now() + AT_REST_WITHIN_MS;
    while (connection.isOpen && performance.now() < until && this.#unrest().length > 0) {
      for (const { plan_id } of this.#lastHeartbeat?.held ?? []) await this.#stop(plan_id);
      await sleep(100);
    }
    const { faults, owed, closedWith } = connection;
    const wrong = [...this.#wrong, ...faults, ...owed.wrong(), ...this.#unrest()];
    if (closedWith !== undefined) wrong.push(`the worker closed with ${closedWith}`);
    if (this.#chance.happens(0.3)) await connection.sendUnowed(brokenUtf8(this.#chance));
    if (this.#chance.happens(0.5)) connection.terminate();
    else await connection.close();
    return wrong;
  }

  /** What the worker still holds, by its own word. */
  #unrest(): string[] {
    const { held = [], active_streams: streams = 0, load } = this.#lastHeartbeat ?? {};
    const left = [...this.#known.keys()].map((id) => `no result of ${id}`);
    if (this.#lastHeartbeat === undefined) left.push("no heartbeat came");
    if (held.length > 0) left.push(`still held: ${JSON.stringify(held)}`);
    if (streams + (load?.active_plans ?? 0) > 0) left.push("slots are still taken");
    return left;
  }

  async #stop(planId: string): Promise<void> {
    if (this.#known.has(planId)) return;
    await this.connection.sendUnowed(valid({ type: "CancelPlan", plan_id: planId }));
  }

  async #assign(id: string): Promise<void> {
    const known = this.#known.get(id);
    if (known === undefined || !this.connection.isOpen) return;
    known.attempt += 1;
    await this.connection.sendUnowed(
      valid({
        type: "AssignPlan",
        attempt: known.attempt,
        plan: {
          plan_id: id,
          plan: { Execute: { node_id: "n" } },
          input: { source: "Inline", value: { type: "Json", data: known.input } },
          bindings: [{ node_id: "n", uses: "neighbour-double" }],
          metadata: {},
        },
      }),
    );
  }

  #result({ plan_id: id, attempt = 1, result }: MessageOf<"PlanResult">): void {
    void this.connection.sendUnowed(valid({ type: "ResultAck", id, attempt, taken: true }));
    const known = this.#known.get(id);
    if (known === undefined) return;
    this.#known.delete(id);
    const expected = JSON.stringify({ type: "Json", data: 2 * known.input });
    const got = JSON.stringify(result.status === "Success" ? result.output : result);
    if (got !== expected) this.#wrong.push(`${id}: ${got}, expected ${expected}`);
  }

  #givenBack(id: string): void {
    if (this.#known.has(id)) setTimeout(() => void this.#assign(id), 50).unref();
  }

  #registered(): Registered {
    const chance = this.#chance;
    return {
      type: "Registered",
      worker_id: "fuzzed",
      history_id: chance.pick(["h1", "h2"]),
      coordinator_id: "c",
      heartbeat_interval_ms: 200,
      heartbeat_timeout_ms: 60_000,
      ...(this.#role === "coordinator" && { features: [...FEATURES] }),
    };
  }
}
