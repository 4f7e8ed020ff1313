import { once } from "node:events";
import type { AddressInfo } from "node:net";
import {
  decodeFrame,
  encodeFrame,
  FEATURES,
  isUntypedReply,
  sharedFeatures,
  type Message,
  type MessageOf,
  type MessageType,
  type Registered,
} from "@planwire/protocol";
import { WebSocketServer, type WebSocket } from "ws";

/** A coordinator that does what a test says, over real sockets and the real codec. */
export class FakeCoordinator {
  readonly #server: WebSocketServer;
  readonly #sessions: FakeSession[] = [];
  #waiting: ((session: FakeSession) => void)[] = [];
  /** What Registered says, beside the worker's id. */
  registered: Partial<Registered> = {};
  /** HTTP status that refuses connections. */
  refuseWith: number | undefined;

  private constructor(server: WebSocketServer) {
    this.#server = server;
    server.on("connection", (socket) => {
      const session = new FakeSession(socket, () => this.registered);
      this.#sessions.push(session);
      this.#waiting.shift()?.(this.#sessions.shift() as FakeSession);
    });
  }

  static async start(port = 0): Promise<FakeCoordinator> {
    let fake: FakeCoordinator | undefined = undefined;
    const server = new WebSocketServer({
      host: "127.0.0.1",
      port,
      handleProtocols: (offered) => [...offered][0] ?? false,
      verifyClient: (_info, answer) => {
        const status = fake?.refuseWith;
        if (status === undefined) answer(true);
        else answer(false, status, JSON.stringify({ code: "UNAUTHORIZED" }));
      },
    });
    await once(server, "listening");
    fake = new FakeCoordinator(server);
    return fake;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  /** The next connection. */
  session(): Promise<FakeSession> {
    const session = this.#sessions.shift();
    if (session !== undefined) return Promise.resolve(session);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The next connection, registered. */
  async worker(): Promise<FakeSession> {
    const session = await this.session();
    await session.register();
    return session;
  }

  async close(): Promise<void> {
    for (const socket of this.#server.clients) socket.terminate();
    this.#server.close();
    await once(this.#server, "close");
  }
}

interface Waiting {
  readonly matches: (message: Message) => boolean;
  readonly resolve: (message: Message) => void;
}

/** One connection of a worker. Messages wait until they are asked for, so that none is missed. */
export class FakeSession {
  readonly socket: WebSocket;
  /** What the worker sent and nobody took yet. */
  readonly received: Message[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  /** Answers each Heartbeat at once. */
  acknowledges = true;
  #unacknowledged = 0;
  readonly #registered: () => Partial<Registered>;
  readonly #waiting: Waiting[] = [];
  #features = sharedFeatures([]);

  constructor(socket: WebSocket, registered: () => Partial<Registered>) {
    this.socket = socket;
    this.#registered = registered;
    socket.on("message", (data: Buffer, isBinary) => {
      for (const decoded of decodeFrame(isBinary ? data : data.toString())) {
        if (!decoded.ok) throw decoded.error;
        if (isUntypedReply(decoded.message)) throw new Error("a worker of ours says its types");
        this.#take(decoded.message);
      }
    });
    this.closed = new Promise((resolve) =>
      socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() })),
    );
  }

  /** Answers the worker's Register. */
  async register(): Promise<MessageOf<"Register">> {
    const register = await this.next("Register");
    const registered: Registered = {
      type: "Registered",
      worker_id: register.worker_id,
      session_id: "s",
      history_id: "h1",
      coordinator_id: "c1",
      heartbeat_interval_ms: 1000,
      heartbeat_timeout_ms: 3000,
      features: [...FEATURES],
      ...this.#registered(),
    };
    this.send(registered);
    this.#features = sharedFeatures(registered.features);
    return register;
  }

  send(...messages: Message[]): void {
    for (const message of messages) {
      this.socket.send(encodeFrame(message, new Set(this.#features)));
    }
  }

  /** Sends messages as one batch frame. */
  sendBatch(...messages: Message[]): void {
    this.socket.send(JSON.stringify(messages));
  }

  /** Answers all Heartbeats that are unanswered. */
  acknowledge(): void {
    for (; this.#unacknowledged > 0; this.#unacknowledged--) {
      this.send({ type: "HeartbeatAck", handled: 0 });
    }
  }

  /** The next message of a type, for which `accept` holds; others stay for later. */
  next<T extends MessageType>(
    type: T,
    accept: (message: MessageOf<T>) => boolean = () => true,
  ): Promise<MessageOf<T>> {
    const matches = (message: Message) => message.type === type && accept(message as MessageOf<T>);
    const index = this.received.findIndex(matches);
    if (index !== -1) {
      const [found] = this.received.splice(index, 1);
      return Promise.resolve(found as MessageOf<T>);
    }
    return new Promise((resolve) =>
      this.#waiting.push({ matches, resolve: resolve as (message: Message) => void }),
    );
  }

  /** The result of a part, acknowledged. */
  async result(partId: string): Promise<MessageOf<"PlanResult">> {
    const message = await this.next("PlanResult", ({ plan_id }) => plan_id === partId);
    this.send({ type: "ResultAck", id: partId, attempt: message.attempt ?? 1, taken: true });
    return message;
  }

  #take(message: Message): void {
    if (message.type === "Heartbeat") {
      this.#unacknowledged += 1;
      if (this.acknowledges) this.acknowledge();
    }
    const index = this.#waiting.findIndex(({ matches }) => matches(message));
    if (index === -1) this.received.push(message);
    else this.#waiting.splice(index, 1)[0]?.resolve(message);
  }
}
