import {
  decodeFrame,
  isUntypedReply,
  LIMITS,
  Outbox,
  PlanwireError,
  reuseFrame,
  staysUnseen,
  SUBPROTOCOL,
  type Feature,
  type Message,
  type UntypedReply,
} from "@planwire/protocol";
import type { IncomingMessage } from "node:http";
import { WebSocket, type RawData } from "ws";
import type { ConnectionEnd } from "../core/event.js";

export interface SocketEvents {
  opened(): void;
  /** `bytes` of the frame that it came in. */
  message(message: Message, bytes: number): void;
  broken(error: PlanwireError, isError: boolean): void;
  /** A whole frame was handled. */
  frameDone(): void;
  /** Told once, whether it ever opened or not. */
  ended(end: ConnectionEnd, wasOpen: boolean): void;
}

const HANDSHAKE_MS = 10_000;
/** How long a peer may take to answer a close. */
const CLOSE_MS = 1000;
const LONGEST_REFUSAL = 4096;

/** How long what nobody waits for may wait for company. */
const WAIT_MS = 2;

/** One connection to the coordinator: frames in, messages out. */
export class CoordinatorSocket {
  readonly #socket: WebSocket;
  readonly #outbox: Outbox;
  readonly #events: SocketEvents;
  #wasOpen = false;
  #ended = false;
  #onEnded: (() => void) | undefined;

  constructor(url: string, token: string | undefined, events: SocketEvents) {
    this.#events = events;
    const socket = new WebSocket(url, [SUBPROTOCOL], {
      handshakeTimeout: HANDSHAKE_MS,
      maxPayload: LIMITS.frameBytes,
      perMessageDeflate: false,
      ...(staysUnseen(url) && { generateMask: (key) => key.fill(0) }),
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
    this.#socket = socket;
    const sent = () => this.#outbox.drained();
    this.#outbox = new Outbox({
      send: (frame) => socket.send(frame, sent),
      sendBulk: (frame) => socket.send(frame, (error) => this.#chunkSent(frame, error)),
      bufferedBytes: () => socket.bufferedAmount,
      // All that one turn of the event loop brings, answers of several threads say, goes out together.
      schedule: (flush) => void setImmediate(flush),
      scheduleLater: (flush) => void setTimeout(flush, WAIT_MS),
    });
    let error: Error | undefined;
    socket.on("open", () => {
      this.#wasOpen = true;
      events.opened();
    });
    socket.on("message", (data, isBinary) => this.#take(data, isBinary));
    socket.on("unexpected-response", (request, response) => {
      request.on("error", () => {});
      void readRefusal(response).then((end) => {
        request.destroy();
        this.#end(end);
        socket.terminate();
      });
    });
    socket.on("error", (raised) => {
      error = raised;
    });
    socket.on("close", (status, reason) => {
      this.#end({ status, reason: reason.toString() || error?.message || "closed" });
    });
  }

  /** What the peer announced; holds for all that is sent from now on. */
  useFeatures(features: Iterable<Feature>): void {
    this.#outbox.setFeatures(features);
  }

  send(message: Message): void {
    this.#outbox.push(message);
  }

  sendFrame(frame: string | Uint8Array): void {
    this.#outbox.pushFrame(frame);
  }

  /** Its memory is used again once it is sent: streams don't resume here, so that nobody sends a chunk twice. */
  sendBulk(frame: Uint8Array): void {
    this.#outbox.pushBulk(frame);
  }

  /** Sends what is queued, then closes. */
  close(reason: string): void {
    this.#outbox.flush();
    this.#outbox.close();
    this.#socket.close(1000, reason);
    setTimeout(() => this.#socket.terminate(), CLOSE_MS);
  }

  /** Calls back when the connection has ended, or at once when it has already. */
  onEnded(then: () => void): void {
    if (this.#ended) then();
    else this.#onEnded = then;
  }

  #chunkSent(frame: Uint8Array, error: Error | undefined): void {
    // After an error the socket may still hold on to it.
    if (error === undefined) reuseFrame(frame);
    this.#outbox.drained();
  }

  #take(data: RawData, isBinary: boolean): void {
    const bytes = bytesOf(data);
    const frame = isBinary ? ownBytes(bytes) : bytes.toString();
    for (const decoded of decodeFrame(frame)) {
      if (!decoded.ok) this.#events.broken(decoded.error, decoded.isError);
      // Whatever else it says, it reports an error: doing as it says could answer it.
      else if (decoded.isError && !isErrorMessage(decoded.message)) {
        this.#events.broken(new PlanwireError("PEER_ERROR", "the peer reports an error"), true);
      }
      // A peer of the inherited wire says so that it did not understand; nobody answers that.
      else if (isUntypedReply(decoded.message)) this.#takeUntyped(decoded.message);
      else this.#events.message(decoded.message, frame.length);
    }
    this.#events.frameDone();
  }

  #takeUntyped({ error }: UntypedReply): void {
    if (typeof error === "string")
      this.#events.broken(new PlanwireError("PEER_ERROR", error), true);
  }

  #end(end: ConnectionEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#outbox.close();
    this.#events.ended(end, this.#wasOpen);
    this.#onEnded?.();
  }
}

function isErrorMessage(message: Message | UntypedReply): boolean {
  return isUntypedReply(message) || message.type === "Error";
}

/**
 * A small frame may share its buffer with the frames beside it. Values are views into their frame, and go on to filters with its
 * whole buffer: so each gets one of its own. What is larger than one read of the socket has that already.
 */
function ownBytes(frame: Buffer): Uint8Array {
  return frame.byteLength === frame.buffer.byteLength ? frame : new Uint8Array(frame);
}

function bytesOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? Buffer.from(data) : data;
}

/** Why a coordinator did not take the connection: its answer's body says a code. */
async function readRefusal(response: IncomingMessage): Promise<ConnectionEnd> {
  const status = response.statusCode ?? 0;
  let text = "";
  try {
    for await (const part of response) {
      text += String(part);
      if (text.length > LONGEST_REFUSAL) break;
    }
    const body = JSON.parse(text) as { code?: unknown } | null;
    if (typeof body?.code === "string") return { status, reason: body.code };
  } catch {
    // No JSON of ours: the status says enough.
  }
  return { status, reason: `HTTP ${status}` };
}
