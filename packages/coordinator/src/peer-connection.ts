import {
  canWait,
  closeCodeOf,
  encodeFrame,
  isPlanwireError,
  LIMITS,
  Outbox,
  PlanwireError,
  type ErrorCode,
  type Feature,
  type Message,
} from "@planwire/protocol";
import { WebSocket } from "ws";
import type { Settings } from "./core/settings.js";

export interface PeerListener {
  /** One whole frame; not called any more once this side closes. */
  received(data: Buffer, isBinary: boolean): void;
  /** A ping or a pong. */
  heard(): void;
  /** So much waits in its socket that it reads slowly; said once until `drained`. */
  blocked(): void;
  /** Answers `awaitDrain`. */
  drained(): void;
  /** It reads too slowly, and is being closed. */
  tooSlow(unreadBytes: number): void;
  /** The peer breaks the rules of WebSocket, or a frame's bound; ws closes. */
  failed(error: Error): void;
  /** Once, last. */
  closed(code: number, reason: string): void;
}

export type SocketBounds = Pick<
  Settings,
  "frameBytes" | "slowBytes" | "maxUnreadBytes" | "maxBulkBytes"
>;

/** With so much less than what makes a peer slow it has caught up. */
const DRAINED_SHARE = 1 / 8;
/** How long what is queued may take to go out, and the peer to answer the close. */
const CLOSE_WITHIN_MS = 5_000;
/** How long what nobody waits for may wait for company. */
const WAIT_MS = 2;
const INTERNAL_ERROR = 1011;
/** UTF-8 takes at most three bytes for a UTF-16 unit. */
const MOST_BYTES_PER_UNIT = 3;

/** One socket and the outbox before it. */
export class PeerConnection {
  readonly #socket: WebSocket;
  readonly #outbox: Outbox;
  readonly #listener: PeerListener;
  readonly #bounds: SocketBounds;
  #closingWith: ErrorCode | undefined;
  #isBlocked = false;
  #awaitsDrain = false;

  constructor(socket: WebSocket, bounds: SocketBounds, listener: PeerListener) {
    this.#socket = socket;
    this.#bounds = bounds;
    this.#listener = listener;
    const sent = () => this.#sent();
    this.#outbox = new Outbox(
      {
        send: (frame) => this.#write(frame, sent),
        bufferedBytes: () => socket.bufferedAmount,
        // All that one turn of the event loop brings, from whichever peers, goes out together.
        schedule: (flush) => void setImmediate(flush),
        scheduleLater: (flush) => void setTimeout(flush, WAIT_MS).unref(),
      },
      {
        batchLength: Math.min(
          LIMITS.bulkWindowBytes,
          Math.floor(bounds.frameBytes / MOST_BYTES_PER_UNIT),
        ),
      },
    );
    this.#listen();
  }

  /** @throws PlanwireError when it can't be written for this peer; nothing is sent then */
  send(message: Message, mayWait = canWait(message)): void {
    if (this.#closingWith !== undefined) return;
    this.#outbox.pushFrame(this.#encode(message), mayWait);
  }

  /** As `send`, behind the chunks that wait. Stream messages are always binary. */
  sendBulk(message: Message): void {
    if (this.#closingWith !== undefined) return;
    const frame = this.#encode(message);
    this.forward(typeof frame === "string" ? Buffer.from(frame) : frame);
  }

  /** What waits is bounded by the credit that the peer itself gives: so it needs a bound of ours, too. */
  forward(frame: Uint8Array): void {
    if (this.#closingWith !== undefined) return;
    this.#outbox.pushBulk(frame);
    const { bulkQueuedBytes } = this.#outbox;
    if (bulkQueuedBytes > this.#bounds.maxBulkBytes) this.#giveUp(bulkQueuedBytes);
  }

  /** Holds for what is sent from now on, and counting begins. */
  useFeatures(features: readonly Feature[]): void {
    this.#outbox.startCounting();
    this.#outbox.setFeatures(features);
  }

  /** Tells the listener `drained`, as soon as next to nothing waits in the socket. */
  awaitDrain(): void {
    this.#awaitsDrain = true;
    // Not within this call: whoever asks is in the middle of a step.
    setImmediate(() => this.#tellDrained());
  }

  probe(): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.ping();
  }

  /** Closes when all that was sent before has gone out, or when that takes too long. */
  close(code: ErrorCode): void {
    if (this.#closingWith !== undefined) return;
    this.#closingWith = code;
    this.#terminateLater();
    this.#outbox.flush();
    this.#closeWhenSent();
  }

  terminate(): void {
    this.#outbox.close();
    this.#socket.terminate();
  }

  #listen(): void {
    const socket = this.#socket;
    socket.on("message", (data, isBinary) => {
      // ws hands over one Buffer: another binaryType is never set.
      if (this.#closingWith === undefined) this.#listener.received(data as Buffer, isBinary);
    });
    socket.on("ping", () => this.#listener.heard());
    socket.on("pong", () => this.#listener.heard());
    socket.on("error", (error) => {
      this.#closingWith ??= "INVALID_MESSAGE";
      this.#terminateLater();
      this.#listener.failed(error);
    });
    socket.on("close", (code, reason) => {
      this.#closingWith ??= "CONNECTION_LOST";
      this.#outbox.close();
      this.#listener.closed(code, reason.toString());
    });
  }

  #encode(message: Message): string | Uint8Array {
    const frame = encodeOrExplain(message, this.#outbox.features);
    const bytes = this.#isSurelySmall(frame) ? 0 : Buffer.byteLength(frame);
    const limit = this.#bounds.frameBytes;
    if (bytes <= limit) return frame;
    const text = `a ${message.type} of ${bytes} bytes, expected at most ${limit}`;
    throw new PlanwireError("MESSAGE_TOO_LARGE", text, { details: { bytes, limit } });
  }

  /** Spares counting the bytes of a text that can't be too long. */
  #isSurelySmall(frame: string | Uint8Array): boolean {
    return frame.length * MOST_BYTES_PER_UNIT <= this.#bounds.frameBytes;
  }

  #write(frame: string | Uint8Array, sent: () => void): void {
    const socket = this.#socket;
    if (socket.readyState !== WebSocket.OPEN) return;
    const unread = socket.bufferedAmount;
    if (unread <= this.#bounds.maxUnreadBytes) {
      socket.send(frame, sent);
      return this.#tellBlocked();
    }
    this.#giveUp(unread);
  }

  #giveUp(unread: number): void {
    this.#outbox.close();
    this.close("SESSION_EXPIRED");
    this.#listener.tooSlow(unread);
  }

  #tellBlocked(): void {
    if (this.#isBlocked || this.#socket.bufferedAmount <= this.#bounds.slowBytes) return;
    this.#isBlocked = true;
    this.#listener.blocked();
  }

  #tellDrained(): void {
    if (!this.#awaitsDrain || this.#closingWith !== undefined) return;
    if (this.#socket.bufferedAmount > this.#bounds.slowBytes * DRAINED_SHARE) return;
    this.#awaitsDrain = false;
    this.#isBlocked = false;
    this.#listener.drained();
  }

  #sent(): void {
    this.#tellDrained();
    this.#outbox.drained();
    // What was left may have gone out by the outbox's own turn since.
    if (this.#closingWith !== undefined) this.#closeWhenSent();
  }

  #closeWhenSent(): void {
    const code = this.#closingWith;
    if (code === undefined || this.#outbox.bulkQueuedBytes > 0) return;
    this.#outbox.close();
    this.#socket.close(closeCodeOf(code) ?? INTERNAL_ERROR, code);
  }

  /** The socket holds the process as long as it is open; this must not do so beyond. */
  #terminateLater(): void {
    const timer = setTimeout(() => this.terminate(), CLOSE_WITHIN_MS).unref();
    this.#socket.once("close", () => clearTimeout(timer));
  }
}

function encodeOrExplain(message: Message, features: ReadonlySet<Feature>): string | Uint8Array {
  try {
    return encodeFrame(message, features);
  } catch (cause) {
    if (isPlanwireError(cause)) throw cause;
    const text = `a ${message.type} could not be encoded: ${String(cause)}`;
    throw new PlanwireError("INTERNAL", text, { cause });
  }
}
