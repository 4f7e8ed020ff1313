import { once } from "node:events";
import { decodeFrame, isUntypedReply, readChunkHead, type Message } from "@planwire/protocol";
import { WebSocket } from "ws";
import type { Frame } from "./frames.js";
import { OwedAnswers, type Role } from "./owed-answers.js";

/** What may lie unsent in a socket before more frames are made. */
const MOST_UNSENT_BYTES = 1 << 20;

/** One socket that frames are sent through, and what is answered on it. */
export class FuzzedConnection {
  readonly owed: OwedAnswers;
  /** Reasons for which this peer's other side is at fault. */
  readonly faults: string[] = [];
  /** The code with which it was closed from there. */
  closedWith: string | undefined;
  readonly #socket: WebSocket;
  readonly #heard: (message: Message) => void;

  constructor(socket: WebSocket, role: Role, heard: (message: Message) => void = () => {}) {
    this.#socket = socket;
    this.owed = new OwedAnswers(role);
    this.#heard = heard;
    socket.on("message", (data: Buffer, isBinary) => this.#take(data, isBinary));
    socket.on("error", (error) => this.faults.push(`its socket failed: ${error.message}`));
    socket.on("close", (code, reason) => (this.closedWith = reason.toString() || String(code)));
  }

  static async open(
    url: string,
    role: Role,
    heard: (message: Message) => void = () => {},
  ): Promise<FuzzedConnection> {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    const connection = new FuzzedConnection(socket, role, heard);
    await once(socket, "open");
    return connection;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** Sends a frame for which an answer is owed as the protocol promises. */
  async send(frame: Frame): Promise<void> {
    this.owed.sent(frame);
    await this.sendUnowed(frame);
  }

  /** Sends a frame for whose answer nobody waits: one that opens the connection, or ends it. */
  async sendUnowed({ data, isBinary }: Frame): Promise<void> {
    this.#socket.send(data, { binary: isBinary });
    while (this.isOpen && this.#socket.bufferedAmount > MOST_UNSENT_BYTES) await turn();
  }

  /** Resolves when the other side has handled all that was sent, and what it answered at once has come. */
  async heardAll(): Promise<void> {
    if (!this.isOpen) return;
    const ended = new Promise((resolve) => this.#socket.once("close", resolve));
    for (let round = 0; round < 2 && this.isOpen; round++) {
      this.#socket.ping();
      await Promise.race([once(this.#socket, "pong"), ended]);
    }
  }

  async close(reason = ""): Promise<void> {
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    const closed = once(this.#socket, "close");
    this.#socket.close(1000, reason);
    await closed;
  }

  /** Breaks off without a word. */
  terminate(): void {
    this.#socket.terminate();
  }

  #take(data: Buffer, isBinary: boolean): void {
    for (const decoded of decodeFrame(isBinary ? data : data.toString())) {
      if (!decoded.ok) {
        // A chunk of another fuzzed peer, which passes unread.
        if (isBinary && readChunkHead(data) !== undefined) continue;
        this.faults.push(`sent what can't be read: ${decoded.error.message}`);
        continue;
      }
      const { message } = decoded;
      if (isUntypedReply(message)) {
        this.faults.push(`sent a reply without a type: ${JSON.stringify(message)}`);
        continue;
      }
      if (message.type === "Error" && message.code === "INTERNAL") {
        this.faults.push(`a fault of its own: ${message.message}`);
      }
      this.owed.got(message);
      this.#heard(message);
    }
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
