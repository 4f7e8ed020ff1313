import type { Chance } from "./chance.js";
import type { Clock } from "./clock.js";
import type { SimProcess } from "./sim-process.js";

/** How a socket ended, as one side learns it. 1006: it broke, or never was. */
export interface SocketEnd {
  readonly code: number;
  readonly reason: string;
}

export interface SocketListener {
  opened(): void;
  received(frame: string | Uint8Array): void;
  /** Something that was handed over has arrived. */
  drained(): void;
  /** A ping of the other side was answered. */
  ponged(): void;
  /** Once, last. */
  closed(end: SocketEnd): void;
}

/** One side's end of a WebSocket. */
export interface SimSocket {
  send(frame: string | Uint8Array): void;
  bufferedBytes(): number;
  ping(): void;
  /** What was sent before goes first. */
  close(code: number, reason: string): void;
  /** Ends it here at once; the other side learns of it later. */
  terminate(): void;
}

export interface LinkSpeed {
  readonly leastMs: number;
  readonly mostMs: number;
}

/** Who a coordinator lets in: gives the listener's side of a new socket. */
export type Door = (socket: SimSocket) => { process: SimProcess; listener: SocketListener };

type Item =
  | { readonly kind: "frame"; readonly frame: string | Uint8Array; readonly bytes: number }
  | { readonly kind: "ping" }
  | { readonly kind: "pong" }
  | { readonly kind: "close"; readonly end: SocketEnd }
  /** Nothing comes behind it. */
  | { readonly kind: "broken" };

const HANDSHAKE_MS = 10_000;
const CLOSE_WITHIN_MS = 1_000;
/** So long what a process had said may take when it is killed. */
const LAST_WORDS_MS = 100;
/** For at most so long the words of a connection that was left behind go on arriving. */
const LATE_FOR_MS = 4_000;
/** As long as a socket that nobody hears may stand half open: the cores have to find out before. */
export const KEEP_ALIVE_MS = 60_000;
const BROKEN: SocketEnd = { code: 1006, reason: "" };

/** Hosts and the sockets between them. */
export class Network {
  readonly clock: Clock;
  readonly chance: Chance;
  /** Undefined while nobody listens: a connection is refused. */
  door: Door | undefined;
  readonly wires = new Set<Wire>();
  readonly #cutOff = new Map<string, number>();
  readonly #slowReaders = new Map<
    string,
    { readonly bytesPerMs: number; readonly until: number }
  >();
  #speed: LinkSpeed = { leastMs: 1, mostMs: 3 };

  constructor(clock: Clock, chance: Chance) {
    this.clock = clock;
    this.chance = chance;
  }

  setSpeed(speed: LinkSpeed): void {
    this.#speed = speed;
  }

  delay(): number {
    const { leastMs, mostMs } = this.#speed;
    return leastMs + this.chance.fraction() * (mostMs - leastMs);
  }

  /** Nothing passes between this host and the coordinator until then; what was sent meanwhile arrives afterwards. */
  cutOff(host: string, untilMono: number): void {
    this.#cutOff.set(host, untilMono);
    this.clock.at(untilMono, () => {
      for (const wire of this.wires) if (wire.host === host) wire.flow();
    });
  }

  isCutOff(host: string): boolean {
    return (this.#cutOff.get(host) ?? 0) > this.clock.mono;
  }

  /** What comes for this host waits in the sockets of who sent it, and is read no faster than this until then. */
  readSlowly(host: string, bytesPerMs: number, untilMono: number): void {
    this.#slowReaders.set(host, { bytesPerMs, until: untilMono });
  }

  /** How long this host takes to read so much. */
  readingMs(host: string, bytes: number): number {
    const { bytesPerMs = 1, until = 0 } = this.#slowReaders.get(host) ?? {};
    return Math.max(0, Math.min(bytes / bytesPerMs, until - this.clock.mono));
  }

  dial(host: string, process: SimProcess, listener: SocketListener): SimSocket {
    return new Wire(this, host, process, listener).dialer;
  }

  wiresOf(host: string): Wire[] {
    return [...this.wires].filter((wire) => wire.host === host);
  }
}

/**
 * One WebSocket: two sides, and what is on its way between them. Frames keep their order. A wire that breaks loses what is on it; one that is
 * left behind does not.
 */
export class Wire {
  readonly net: Network;
  readonly host: string;
  readonly dialer: Side;
  readonly answerer: Side;
  isBroken = false;
  /** What the dialer says is held up on its way. */
  isHeldUp = false;

  constructor(net: Network, host: string, process: SimProcess, listener: SocketListener) {
    this.net = net;
    this.host = host;
    this.dialer = new Side(this);
    this.answerer = new Side(this);
    this.dialer.attach(process, listener);
    net.wires.add(this);
    this.#open();
  }

  other(side: Side): Side {
    return side === this.dialer ? this.answerer : this.dialer;
  }

  #open(): void {
    const { net, dialer, answerer } = this;
    const { clock } = net;
    clock.after(HANDSHAKE_MS, () => {
      if (!dialer.isOpen && !dialer.isEnded) this.#refuse();
    });
    clock.after(net.delay(), () => {
      if (net.isCutOff(this.host)) return; // nobody answers: the handshake times out
      if (net.door === undefined) return this.#refuse();
      const { process, listener } = net.door(answerer);
      answerer.attach(process, listener);
      answerer.open();
      clock.after(net.delay(), () => dialer.open());
    });
  }

  /** From here on what the dialer says gets as far as some proxy, until the wire is left behind. */
  holdUp(): void {
    this.isHeldUp = !this.isBroken;
  }

  /**
   * The dialer learns that its connection is gone, and may make a new one; the other side does not. What was held up goes on arriving there
   * for so long, and after it the end, or nothing more.
   */
  leaveBehind(): void {
    if (!this.isHeldUp || this.dialer.isEnded) return;
    this.isHeldUp = false;
    const { clock, chance } = this.net;
    this.dialer.leave(chance.between(0, LATE_FOR_MS), chance.happens(75));
    clock.after(KEEP_ALIVE_MS, () => this.answerer.end(BROKEN));
  }

  /** The answerer's process is gone; its system sends what it had said, and then the end. */
  lastWords(): void {
    if (this.isBroken || this.answerer.isEnded) return;
    this.answerer.leave(this.net.chance.between(0, LAST_WORDS_MS), true);
  }

  #refuse(): void {
    this.dialer.end(BROKEN);
    this.answerer.end(BROKEN);
  }

  flow(): void {
    this.dialer.flow();
    this.answerer.flow();
  }

  /**
   * The wire breaks. Each side notices after its time; undefined: not by itself (half open). What is on its way is lost. A coordinator's
   * system finds a half-open socket by TCP's keepalive; who dialled has to find out by itself.
   */
  break(dialerNotices: number | undefined, answererNotices = KEEP_ALIVE_MS): void {
    if (this.isBroken) return;
    this.isBroken = true;
    this.isHeldUp = false;
    const { clock } = this.net;
    if (dialerNotices !== undefined) clock.after(dialerNotices, () => this.dialer.end(BROKEN));
    clock.after(answererNotices, () => this.answerer.end(BROKEN));
  }
}

export class Side implements SimSocket {
  readonly #wire: Wire;
  #process: SimProcess | undefined;
  #listener: SocketListener | undefined;
  isOpen = false;
  isEnded = false;
  #closing = false;
  /** On its way from this side to the other. */
  #queue: { readonly item: Item; notBefore: number }[] = [];
  #bytes = 0;
  #flowing = false;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  attach(process: SimProcess, listener: SocketListener): void {
    this.#process = process;
    this.#listener = listener;
  }

  open(): void {
    if (this.isEnded || this.#closing) return;
    this.isOpen = true;
    this.#process?.run(() => {
      if (!this.isEnded) this.#listener?.opened();
    });
  }

  send(frame: string | Uint8Array): void {
    if (!this.isOpen || this.isEnded || this.#closing) return;
    const bytes = frame.length;
    this.#bytes += bytes;
    this.#push({ kind: "frame", frame, bytes });
  }

  bufferedBytes(): number {
    return this.#bytes;
  }

  ping(): void {
    if (this.isOpen && !this.isEnded && !this.#closing) this.#push({ kind: "ping" });
  }

  close(code: number, reason: string): void {
    if (this.isEnded || this.#closing) return;
    this.#closing = true;
    if (!this.isOpen) return this.terminate();
    this.#push({ kind: "close", end: { code, reason } });
    this.#wire.net.clock.after(CLOSE_WITHIN_MS, () => this.terminate());
  }

  terminate(): void {
    if (this.isEnded) return;
    if (this.#wire.isHeldUp && this === this.#wire.dialer) return this.#wire.leaveBehind();
    this.end(BROKEN);
    const { net } = this.#wire;
    this.#wire.break(undefined, undefined);
    // The other host answers what it sends with a reset, once anything passes.
    const tell = () => {
      if (net.isCutOff(this.#wire.host)) net.clock.after(500, tell);
      else this.#wire.other(this).end(BROKEN);
    };
    net.clock.after(net.delay(), tell);
  }

  /** The socket ends for this side. */
  end(end: SocketEnd): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.isOpen = false;
    this.#queue.length = 0;
    this.#bytes = 0;
    if (this.#wire.other(this).isEnded) this.#wire.net.wires.delete(this.#wire);
    this.#process?.run(() => this.#listener?.closed(end));
  }

  /** The socket ends for this side; what it has sent goes on, over so long a time. */
  leave(overMs: number, isTold: boolean): void {
    const { net } = this.#wire;
    const underWay = this.#queue.filter(({ item }) => item.kind !== "close");
    if (isTold) underWay.push({ item: { kind: "broken" }, notBefore: 0 });
    this.#queue = [];
    this.end(BROKEN);
    let at = net.clock.mono;
    for (const one of underWay) {
      at += (net.chance.fraction() * overMs) / underWay.length;
      one.notBefore = at;
    }
    this.#queue = underWay;
    this.flow();
  }

  #push(item: Item): void {
    const { net } = this.#wire;
    this.#queue.push({ item, notBefore: net.clock.mono + net.delay() });
    this.flow();
  }

  /** Delivers what is due, in its order. */
  flow(): void {
    const { net } = this.#wire;
    if (this.#flowing || net.isCutOff(this.#wire.host)) return;
    const next = this.#queue[0];
    if (next === undefined) return;
    this.#flowing = true;
    net.clock.at(Math.max(next.notBefore, net.clock.mono + this.#readingMs(next.item)), () => {
      this.#flowing = false;
      if (this.#wire.isBroken || this.#wire.other(this).isEnded || this.#queue[0] !== next) return;
      if (net.isCutOff(this.#wire.host) || this.#isHeldUp()) return;
      if (net.clock.mono < next.notBefore) return this.flow();
      this.#queue.shift();
      this.#arrive(next.item);
      this.flow();
    });
  }

  #isHeldUp(): boolean {
    return this.#wire.isHeldUp && this === this.#wire.dialer;
  }

  #readingMs(item: Item): number {
    const { net, host, answerer } = this.#wire;
    return this === answerer && item.kind === "frame" ? net.readingMs(host, item.bytes) : 0;
  }

  #arrive(item: Item): void {
    const other = this.#wire.other(this);
    switch (item.kind) {
      case "frame":
        this.#bytes -= item.bytes;
        other.#take((listener) => listener.received(item.frame));
        this.#take((listener) => listener.drained());
        return;
      case "ping":
        // A paused process answers nothing: its own WebSocket library does.
        other.#take(() => other.#push({ kind: "pong" }));
        other.#take((listener) => listener.ponged());
        return;
      case "pong":
        other.#take((listener) => listener.ponged());
        return;
      case "broken":
        other.#process?.run(() => other.end(BROKEN));
        return;
      case "close": {
        // Both are closed once the other side has taken all that came before.
        other.#process?.run(() => {
          other.end(item.end);
          this.end(item.end);
        });
        return;
      }
    }
  }

  #take(what: (listener: SocketListener) => void): void {
    this.#process?.run(() => {
      if (!this.isEnded && this.#listener !== undefined) what(this.#listener);
    });
  }
}
