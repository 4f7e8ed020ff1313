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
import type { Settings } from "./core/settings.js";

/** A WebSocket and the time around it, as far as what stands before it needs them. */
export interface PeerPort {
  isOpen(): boolean;
  /** `sent()` is told of it once it has gone out. */
  send(frame: string | Uint8Array): void;
  /** Bytes handed over that have not gone out. */
  bufferedBytes(): number;
  ping(): void;
  close(code: number, reason: string): void;
  terminate(): void;
  /** Once, when this turn of the event loop ends. */
  soon(run: () => void): void;
  /** Once; keeps no process alive, and does no harm when the socket is gone by then. */
  later(ms: number, run: () => void): void;
}

export interface PeerListener {
  /** So much waits in its socket that it reads slowly; said once until `drained`. */
  blocked(): void;
  /** Answers `awaitDrain`. */
  drained(): void;
  /** It reads too slowly, and is being closed. */
  tooSlow(unreadBytes: number): void;
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

/** What stands before a peer's socket: its outbox, its bounds, and how it is closed. Whoever has the socket tells what becomes of it. */
export class PeerConnection {
  readonly #port: PeerPort;
  readonly #outbox: Outbox;
  readonly #listener: PeerListener;
  readonly #bounds: SocketBounds;
  #closingWith: ErrorCode | undefined;
  #isBlocked = false;
  #awaitsDrain = false;

  constructor(port: PeerPort, bounds: SocketBounds, listener: PeerListener) {
    this.#port = port;
    this.#bounds = bounds;
    this.#listener = listener;
    this.#outbox = new Outbox(
      {
        send: (frame) => this.#write(frame),
        bufferedBytes: () => port.bufferedBytes(),
        // All that one turn of the event loop brings, from whichever peers, goes out together.
        schedule: (flush) => port.soon(flush),
        scheduleLater: (flush) => port.later(WAIT_MS, flush),
      },
      {
        batchLength: Math.min(
          LIMITS.bulkWindowBytes,
          Math.floor(bounds.frameBytes / MOST_BYTES_PER_UNIT),
        ),
      },
    );
  }

  get features(): ReadonlySet<Feature> {
    return this.#outbox.features;
  }

  /** Why it is being closed, or was. */
  get closingWith(): ErrorCode | undefined {
    return this.#closingWith;
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
    this.#port.soon(() => this.#tellDrained());
  }

  probe(): void {
    if (this.#port.isOpen()) this.#port.ping();
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
    this.#port.terminate();
  }

  /** The socket has sent something. */
  sent(): void {
    this.#tellDrained();
    this.#outbox.drained();
    // What was left may have gone out by the outbox's own turn since.
    if (this.#closingWith !== undefined) this.#closeWhenSent();
  }

  /** The peer breaks the rules of WebSocket, or a frame's bound; the socket closes by itself. */
  broken(): void {
    this.#closingWith ??= "INVALID_MESSAGE";
    this.#terminateLater();
  }

  /** The socket is gone. */
  lost(): void {
    this.#closingWith ??= "CONNECTION_LOST";
    this.#outbox.close();
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

  #write(frame: string | Uint8Array): void {
    if (!this.#port.isOpen()) return;
    const unread = this.#port.bufferedBytes();
    if (unread > this.#bounds.maxUnreadBytes) return this.#giveUp(unread);
    this.#port.send(frame);
    this.#tellBlocked();
  }

  #giveUp(unread: number): void {
    this.#outbox.close();
    this.close("SESSION_EXPIRED");
    this.#listener.tooSlow(unread);
  }

  #tellBlocked(): void {
    if (this.#isBlocked || this.#port.bufferedBytes() <= this.#bounds.slowBytes) return;
    this.#isBlocked = true;
    this.#listener.blocked();
  }

  #tellDrained(): void {
    if (!this.#awaitsDrain || this.#closingWith !== undefined) return;
    if (this.#port.bufferedBytes() > this.#bounds.slowBytes * DRAINED_SHARE) return;
    this.#awaitsDrain = false;
    this.#isBlocked = false;
    this.#listener.drained();
  }

  #closeWhenSent(): void {
    const code = this.#closingWith;
    if (code === undefined || this.#outbox.bulkQueuedBytes > 0) return;
    this.#outbox.close();
    this.#port.close(closeCodeOf(code) ?? INTERNAL_ERROR, code);
  }

  #terminateLater(): void {
    this.#port.later(CLOSE_WITHIN_MS, () => this.terminate());
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
