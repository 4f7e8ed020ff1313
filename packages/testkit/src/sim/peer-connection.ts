import type { Settings } from "@planwire/coordinator/core";
import {
  canWait,
  closeCodeOf,
  encodeFrame,
  Outbox,
  type ErrorCode,
  type Feature,
  type Message,
} from "@planwire/protocol";
import type { Peer } from "../oracle/facts.js";
import type { SimSocket } from "./network.js";
import type { SimProcess } from "./sim-process.js";

export interface PeerListener {
  /** So much waits in its socket that it reads slowly; said once until `drained`. */
  blocked(): void;
  /** Answers `awaitDrain`. */
  drained(): void;
  /** It reads too slowly, and is being closed. */
  tooSlow(unreadBytes: number): void;
}

export type SocketBounds = Pick<Settings, "slowBytes" | "maxUnreadBytes" | "maxBulkBytes">;

const DRAINED_SHARE = 1 / 8;
const CLOSE_WITHIN_MS = 5_000;
const WAIT_MS = 2;
const INTERNAL_ERROR = 1011;

/** A coordinator's socket and the outbox before it: does what the real PeerConnection does. */
export class SimPeerConnection {
  readonly #socket: SimSocket;
  readonly #process: SimProcess;
  readonly #bounds: SocketBounds;
  readonly #listener: PeerListener;
  readonly #outbox: Outbox;
  /** Who is at the other end, once that has said so. */
  peer: Peer | undefined;
  #closingWith: ErrorCode | undefined;
  #isBlocked = false;
  #awaitsDrain = false;

  constructor(
    socket: SimSocket,
    process: SimProcess,
    bounds: SocketBounds,
    listener: PeerListener,
  ) {
    this.#socket = socket;
    this.#process = process;
    this.#bounds = bounds;
    this.#listener = listener;
    this.#outbox = new Outbox({
      send: (frame) => this.#write(frame),
      bufferedBytes: () => socket.bufferedBytes(),
      schedule: (flush) => process.after(0, flush),
      scheduleLater: (flush) => process.after(WAIT_MS, flush),
    });
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
    this.#outbox.pushFrame(encodeFrame(message, this.features), mayWait);
  }

  /** @throws PlanwireError as `send` does */
  sendBulk(message: Message): void {
    const frame = encodeFrame(message, this.features);
    this.forward(typeof frame === "string" ? Buffer.from(frame) : frame);
  }

  forward(frame: Uint8Array): void {
    if (this.#closingWith !== undefined) return;
    this.#outbox.pushBulk(frame);
    const { bulkQueuedBytes } = this.#outbox;
    if (bulkQueuedBytes > this.#bounds.maxBulkBytes) this.#giveUp(bulkQueuedBytes);
  }

  useFeatures(features: readonly Feature[]): void {
    this.#outbox.startCounting();
    this.#outbox.setFeatures(features);
  }

  awaitDrain(): void {
    this.#awaitsDrain = true;
    this.#process.after(0, () => this.#tellDrained());
  }

  probe(): void {
    this.#socket.ping();
  }

  close(code: ErrorCode): void {
    if (this.#closingWith !== undefined) return;
    this.#closingWith = code;
    this.#process.after(CLOSE_WITHIN_MS, () => this.#socket.terminate());
    this.#outbox.flush();
    this.#closeWhenSent();
  }

  /** The socket has sent something. */
  sent(): void {
    this.#tellDrained();
    this.#outbox.drained();
    if (this.#closingWith !== undefined) this.#closeWhenSent();
  }

  /** The socket is gone. */
  lost(): void {
    this.#closingWith ??= "CONNECTION_LOST";
    this.#outbox.close();
  }

  #write(frame: string | Uint8Array): void {
    const unread = this.#socket.bufferedBytes();
    if (unread > this.#bounds.maxUnreadBytes) return this.#giveUp(unread);
    this.#socket.send(frame);
    this.#tellBlocked();
  }

  #giveUp(unread: number): void {
    this.#outbox.close();
    this.close("SESSION_EXPIRED");
    this.#listener.tooSlow(unread);
  }

  #tellBlocked(): void {
    if (this.#isBlocked || this.#socket.bufferedBytes() <= this.#bounds.slowBytes) return;
    this.#isBlocked = true;
    this.#listener.blocked();
  }

  #tellDrained(): void {
    if (!this.#awaitsDrain || this.#closingWith !== undefined) return;
    if (this.#socket.bufferedBytes() > this.#bounds.slowBytes * DRAINED_SHARE) return;
    this.#awaitsDrain = false;
    this.#isBlocked = false;
    this.#listener.drained();
  }

  #closeWhenSent(): void {
    const code = this.#closingWith;
    if (code === undefined || this.#outbox.bulkQueuedBytes > 0) return;
    this.#outbox.close();
    this.#socket.close(closeCodeOf(code) ?? INTERNAL_ERROR, code);
  }
}
