import { once } from "node:events";
import type { AddressInfo } from "node:net";
import {
  decodeFrame,
  encodeFrame,
  FEATURES,
  LIMITS,
  PlanwireError,
  type ExecutionEvent,
  type Message,
  type MessageOf,
  type MessageType,
  type Outcome,
} from "@planwire/protocol";
import { WebSocketServer, type WebSocket } from "ws";

const ALL = new Set(FEATURES);

/** A socket that speaks the protocol and decides nothing: tests say what a coordinator answers. */
export class RawCoordinator {
  readonly #server: WebSocketServer;
  readonly #arrived: RawConnection[] = [];
  #wake: (() => void) | undefined;
  historyId = "history-1";
  limits = { frame_bytes: LIMITS.frameBytes, chunk_bytes: LIMITS.chunkBytes };

  private constructor(server: WebSocketServer) {
    this.#server = server;
    server.on("connection", (socket, request) => {
      this.#arrived.push(new RawConnection(this, socket, request.headers));
      this.#wake?.();
    });
  }

  static async start(port = 0): Promise<RawCoordinator> {
    const server = new WebSocketServer({ host: "127.0.0.1", port });
    await once(server, "listening");
    return new RawCoordinator(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  /** The next connection that comes, or came. */
  async connection(): Promise<RawConnection> {
    for (;;) {
      const next = this.#arrived.shift();
      if (next) return next;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** The next connection, greeted. */
  async welcomed(): Promise<RawConnection> {
    const connection = await this.connection();
    await connection.welcome();
    return connection;
  }

  async stop(): Promise<void> {
    for (const socket of this.#server.clients) socket.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export class RawConnection {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly #coordinator: RawCoordinator;
  readonly #socket: WebSocket;
  readonly #arrived: { message: Message; bytes: number }[] = [];
  readonly closed: Promise<unknown>;
  #wake: (() => void) | undefined;

  constructor(
    coordinator: RawCoordinator,
    socket: WebSocket,
    headers: Readonly<Record<string, unknown>>,
  ) {
    this.#coordinator = coordinator;
    this.#socket = socket;
    this.headers = headers;
    this.closed = once(socket, "close");
    socket.on("message", (data: Buffer, isBinary) => this.#received(data, isBinary));
  }

  get subprotocol(): string {
    return this.#socket.protocol;
  }

  #received(data: Buffer, isBinary: boolean): void {
    for (const decoded of decodeFrame(isBinary ? data : data.toString())) {
      if (!decoded.ok) throw decoded.error;
      this.#arrived.push({ message: decoded.message as Message, bytes: data.length });
    }
    this.#wake?.();
  }

  /** The next message, which must be of this type. */
  async take<T extends MessageType>(type: T): Promise<MessageOf<T>> {
    return (await this.takeWithLength(type)).message;
  }

  async takeWithLength<T extends MessageType>(
    type: T,
  ): Promise<{ message: MessageOf<T>; bytes: number }> {
    for (;;) {
      const next = this.#arrived.shift();
      if (next?.message.type === type) return { ...next, message: next.message as MessageOf<T> };
      if (next) throw new PlanwireError("INTERNAL", `expected ${type}, got ${next.message.type}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Types of what came and was not taken. */
  get untaken(): MessageType[] {
    return this.#arrived.map(({ message }) => message.type);
  }

  async welcome(): Promise<void> {
    await this.take("Hello");
    this.send({
      type: "Welcome",
      history_id: this.#coordinator.historyId,
      coordinator_id: "coordinator-1",
      protocol_version: 1,
      version: "0.1.0",
      limits: this.#coordinator.limits,
      features: [...FEATURES],
    });
  }

  /** Takes a Watch and answers it; its events may follow. */
  async answerWatch(): Promise<void> {
    const { request_id, plan_id } = await this.take("Watch");
    this.send({ type: "Watching", request_id, plan_id, state: "Running" });
  }

  /** Takes a Submit and accepts it. */
  async accept(): Promise<MessageOf<"Submit">> {
    const submit = await this.take("Submit");
    this.send({
      type: "Accepted",
      request_id: submit.request_id,
      plan_id: submit.plan.plan_id,
      history_id: this.#coordinator.historyId,
      coordinator_id: "coordinator-1",
      existing: false,
    });
    return submit;
  }

  event(planId: string, n: number, event: ExecutionEvent): void {
    this.send({ type: "PlanEvent", plan_id: planId, number: [1, n], at: 1_000 + n, event });
  }

  finish(planId: string, outcome: Outcome): void {
    this.event(planId, 1_000, { kind: "Finished", outcome });
  }

  send(message: Message): void {
    this.#socket.send(encodeFrame(message, ALL));
  }

  sendRaw(frame: string): void {
    this.#socket.send(frame);
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  /** Breaks the connection without a word. */
  cut(): void {
    this.#socket.terminate();
  }
}
