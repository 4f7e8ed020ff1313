import { encodeFrame } from "./codec/frame.js";
import type { Feature } from "./features.js";
import { LIMITS } from "./limits.js";
import type { Message } from "./messages/message.js";

/** The socket behind an outbox, as far as the outbox needs it. */
export interface OutboxPort {
  send(frame: string | Uint8Array): void;
  /** Sends what came by `pushBulk`; as `send` where it is absent. */
  sendBulk?(frame: Uint8Array): void;
  /** Bytes handed to the socket that it has not sent yet. */
  bufferedBytes(): number;
  /** Calls `flush` once, at the end of this tick. */
  schedule(flush: () => void): void;
  /** Calls `flush` once, within a few milliseconds. Where it is absent nothing waits longer than a tick. */
  scheduleLater?(flush: () => void): void;
}

/**
 * Nobody waits for these: they may travel with what comes next. One plan at a time, that saves two of seven writes to a socket, which
 * are most of what such a plan costs (measured: 41% of the coordinator's time is spent in them).
 */
const CAN_WAIT: ReadonlySet<Message["type"]> = new Set([
  "Started",
  "Event",
  "ResultAck",
  "HeartbeatAck",
]);

export function canWait({ type }: Message): boolean {
  return CAN_WAIT.has(type);
}

export interface OutboxOptions {
  readonly features?: Iterable<Feature>;
  /** Members of one batch frame. */
  readonly batchMessages?: number;
  /** UTF-16 units of one batch frame; a longer message goes alone. */
  readonly batchLength?: number;
  /** Bytes of bulk in the socket at a time. */
  readonly bulkWindowBytes?: number;
}

/**
 * So many control messages go out at once, and not when the tick ends: a peer that gets all of a long tick in one frame has nothing to do
 * until then, and we nothing until it answers. (Measured with 256 plans in flight: 6,000 to 7,300 a second when each waited for
 * the other's tick, 8,000 to 9,800 since. 32 to 128 at a time differ less than the machine does; 64 cost a tenth less processor time than 32.)
 */
const KEEP_MOVING = 64;

/**
 * What stands before a socket: gathers the control messages of a tick into batches where the peer takes them, and lets stream frames
 * through only as the socket takes them, so that control never waits behind more than one window of bulk.
 *
 * The port's owner calls `drained()` whenever the socket has sent something, at the latest when `bufferedBytes()` is back at 0.
 */
export class Outbox {
  readonly #port: OutboxPort;
  readonly #batchMessages: number;
  readonly #batchLength: number;
  readonly #bulkWindowBytes: number;
  #features: ReadonlySet<Feature>;
  #control: (string | Uint8Array)[] = [];
  #bulk: Uint8Array[] = [];
  /** Frames of #bulk before this one are sent: shifting a long array for each frame is quadratic. */
  #nextBulk = 0;
  #bulkQueuedBytes = 0;
  #sentCount = 0;
  #scheduled = false;
  #scheduledLater = false;
  #closed = false;

  constructor(port: OutboxPort, options: OutboxOptions = {}) {
    this.#port = port;
    this.#features = new Set(options.features);
    this.#batchMessages = options.batchMessages ?? LIMITS.batchMessages;
    this.#batchLength = options.batchLength ?? LIMITS.bulkWindowBytes;
    this.#bulkWindowBytes = options.bulkWindowBytes ?? LIMITS.bulkWindowBytes;
  }

  /** What the peer announced; holds for messages pushed from now on. */
  setFeatures(features: Iterable<Feature>): void {
    this.#features = new Set(features);
  }

  get features(): ReadonlySet<Feature> {
    return this.#features;
  }

  /**
   * Queues a control message until the tick ends. What the peer can't read must have been lowered before.
   * @throws PlanwireError VALUE_UNSUPPORTED; nothing is queued then
   */
  push(message: Message): void {
    this.pushFrame(encodeFrame(message, this.#features), canWait(message));
  }

  /** Queues a control message that is encoded already: where its size has to be looked at first. */
  pushFrame(frame: string | Uint8Array, mayWait = false): void {
    if (this.#closed) return;
    this.#control.push(frame);
    if (this.#control.length >= KEEP_MOVING) this.#sendControl();
    else if (mayWait) this.#scheduleLater();
    else this.#schedule();
  }

  /** Queues an encoded stream frame. Bulk keeps its own order and goes behind all control. */
  pushBulk(frame: Uint8Array): void {
    if (this.#closed) return;
    this.#bulk.push(frame);
    this.#bulkQueuedBytes += frame.length;
    this.#schedule();
  }

  /** Bytes of bulk that wait for the socket: what back-pressure is measured by. */
  get bulkQueuedBytes(): number {
    return this.#bulkQueuedBytes;
  }

  /** Messages sent since counting began; each batch member and each binary frame is one. */
  get sentCount(): number {
    return this.#sentCount;
  }

  /** Sends what control is queued, then counts from 0: called when Registered went out or came in. */
  startCounting(): void {
    this.#sendControl();
    this.#sentCount = 0;
  }

  /** The socket has sent something: more bulk may go. */
  drained(): void {
    if (this.#bulkQueuedBytes > 0) this.flush();
  }

  /** Sends all control now, and as much bulk as the socket takes. */
  flush(): void {
    this.#scheduled = false;
    if (this.#closed) return;
    this.#sendControl();
    this.#sendBulk();
  }

  /** Drops what is queued; nothing is sent from now on. */
  close(): void {
    this.#closed = true;
    this.#control = [];
    this.#dropSentBulk(this.#bulk.length);
    this.#bulkQueuedBytes = 0;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#port.schedule(() => this.flush());
  }

  #scheduleLater(): void {
    if (!this.#port.scheduleLater) return this.#schedule();
    if (this.#scheduled || this.#scheduledLater) return;
    this.#scheduledLater = true;
    this.#port.scheduleLater(() => {
      this.#scheduledLater = false;
      this.flush();
    });
  }

  #sendControl(): void {
    const frames = this.#control;
    this.#control = [];
    this.#sentCount += frames.length;
    if (frames.length > 1 && this.#features.has("batch")) this.#sendBatches(frames);
    else for (const frame of frames) this.#port.send(frame);
  }

  /** Joins neighbouring texts; a binary frame keeps its place among them. */
  #sendBatches(frames: readonly (string | Uint8Array)[]): void {
    let members: string[] = [];
    let length = 0;
    for (const frame of frames) {
      const joins =
        typeof frame === "string" &&
        members.length < this.#batchMessages &&
        length + frame.length <= this.#batchLength;
      if (!joins && members.length > 0) {
        this.#port.send(batchOf(members));
        members = [];
        length = 0;
      }
      if (typeof frame === "string") {
        members.push(frame);
        length += frame.length + 1;
      } else this.#port.send(frame);
    }
    if (members.length > 0) this.#port.send(batchOf(members));
  }

  #sendBulk(): void {
    for (;;) {
      const frame = this.#bulk[this.#nextBulk];
      if (frame === undefined) break;
      const buffered = this.#port.bufferedBytes();
      if (buffered > 0 && buffered + frame.length > this.#bulkWindowBytes) break;
      this.#nextBulk++;
      this.#bulkQueuedBytes -= frame.length;
      this.#sentCount++;
      if (this.#port.sendBulk) this.#port.sendBulk(frame);
      else this.#port.send(frame);
    }
    this.#dropSentBulk(this.#nextBulk);
  }

  #dropSentBulk(count: number): void {
    this.#bulk = this.#bulk.slice(count);
    this.#nextBulk = 0;
  }
}

/** The brackets go on the first and the last: around the joined text they would have it copied once more (measured: half of the time). */
function batchOf(members: string[]): string {
  const last = members.length - 1;
  if (last > 0) {
    members[0] = `[${members[0]}`;
    members[last] = `${members[last]}]`;
  }
  return members.join(",");
}
