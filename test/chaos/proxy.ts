// A TCP relay whose wires can be cut, stalled, slowed and left half open, whatever travels in them.
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { LifeSigns, Outages, type Span } from "./outages.js";

export type Direction = "up" | "down" | "both";

export class CuttingProxy {
  /** Of who dials in, as they reach the coordinator: bytes on a connection that both sides have used twice, to open it and to greet. */
  readonly signs = new LifeSigns();
  readonly #server: Server;
  readonly #target: number;
  readonly #pairs = new Set<Pair>();
  readonly #cuts = new Outages();
  readonly #stalls = new Outages();
  readonly #halfOpens = new Outages();
  readonly #refusals = new Outages();
  #refusing = false;
  #stalled: Direction | undefined;
  #delayMs = 0;

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.#target = target;
    server.on("connection", (near) => this.#join(near));
  }

  static async to(port: number): Promise<CuttingProxy> {
    const server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
    return new CuttingProxy(server, port);
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Of whatever was done to the wires; several things may be done at a time. */
  get outages(): Span[] {
    return [this.#cuts, this.#stalls, this.#halfOpens, this.#refusals].flatMap(
      ({ spans }) => spans,
    );
  }

  /** Ends every connection now; new ones are let through. */
  cut(): void {
    this.#cuts.moment();
    for (const pair of this.#pairs) pair.end();
  }

  /** Nothing passes (up: towards the coordinator) until `flow`; nothing is lost either, also on connections to come. */
  stall(direction: Direction): void {
    this.#stalls.begin();
    this.#stalled = direction;
    for (const pair of this.#pairs) pair.stall(direction);
  }

  flow(): void {
    this.#stalls.end();
    this.#stalled = undefined;
    for (const pair of this.#pairs) pair.flow();
  }

  /** The coordinator sees its connections close; who dialled in hears nothing more, and no end. */
  halfOpen(): void {
    this.#halfOpens.begin();
    for (const pair of this.#pairs) pair.forgetFar();
  }

  /** Who dials in is hung up on, until `accept`. Connections that stand go on. */
  refuse(): void {
    this.#refusals.begin();
    this.#refusing = true;
  }

  accept(): void {
    this.#refusals.end();
    this.#refusing = false;
  }

  /** Of everything, in both directions. */
  delay(ms: number): void {
    this.#delayMs = ms;
    for (const pair of this.#pairs) pair.delay(ms);
  }

  /** Ends what was left half open, lets everything pass. */
  heal(): void {
    this.accept();
    this.delay(0);
    this.flow();
    this.#halfOpens.end();
    for (const pair of this.#pairs) if (pair.isHalfOpen) pair.end();
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  #join(near: Socket): void {
    if (this.#refusing) {
      near.destroy();
      return;
    }
    const far = connect({ port: this.#target, host: "127.0.0.1", allowHalfOpen: true });
    const pair = new Pair(near, far, this.signs, () => this.#pairs.delete(pair));
    this.#pairs.add(pair);
    pair.delay(this.#delayMs);
    if (this.#stalled) pair.stall(this.#stalled);
  }
}

class Pair {
  readonly #near: Socket;
  readonly #far: Socket;
  readonly #up: Wire;
  readonly #down: Wire;
  readonly #signs: LifeSigns;
  /** Words up that were answered: the request to open it, then the greeting. */
  #answered = 0;
  #asks = false;
  isHalfOpen = false;

  constructor(near: Socket, far: Socket, signs: LifeSigns, ended: () => void) {
    this.#near = near;
    this.#far = far;
    this.#signs = signs;
    this.#up = new Wire(near, far, () => this.#wentUp());
    this.#down = new Wire(far, near, () => this.#cameDown());
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      socket.on("error", () => {}); // its close follows
    }
    near.once("close", () => {
      far.destroy();
      ended();
    });
    far.once("close", () => {
      if (!this.isHalfOpen) near.destroy();
    });
  }

  end(): void {
    this.#near.resetAndDestroy();
    this.#far.resetAndDestroy();
  }

  forgetFar(): void {
    this.isHalfOpen = true;
    this.#up.sever();
    this.#down.sever();
    this.#far.resetAndDestroy();
  }

  stall(direction: Direction): void {
    if (direction !== "down") this.#up.stall();
    if (direction !== "up") this.#down.stall();
  }

  flow(): void {
    this.#up.flow();
    this.#down.flow();
  }

  delay(ms: number): void {
    this.#up.delayMs = ms;
    this.#down.delayMs = ms;
  }

  #wentUp(): void {
    this.#asks = true;
    if (this.#answered >= 2) this.#signs.heard();
  }

  #cameDown(): void {
    if (!this.#asks) return;
    this.#asks = false;
    this.#answered += 1;
    if (this.#answered === 2) this.#signs.heard();
  }
}

/** One direction of a connection: bytes in their order, then the end. */
class Wire {
  delayMs = 0;
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #passed: () => void;
  readonly #queue: { readonly at: number; readonly piece: Buffer | undefined }[] = [];
  #timer: NodeJS.Timeout | undefined;
  #stalled = false;
  #severed = false;

  constructor(from: Socket, to: Socket, passed: () => void) {
    this.#from = from;
    this.#to = to;
    this.#passed = passed;
    from.on("data", (piece) => this.#take(piece));
    from.once("end", () => this.#take(undefined));
    to.on("drain", () => this.#pass());
  }

  stall(): void {
    this.#stalled = true;
    this.#from.pause();
  }

  flow(): void {
    this.#stalled = false;
    this.#pass();
  }

  sever(): void {
    this.#severed = true;
    this.#queue.length = 0;
  }

  #take(piece: Buffer | undefined): void {
    if (this.#severed) return;
    this.#queue.push({ at: performance.now() + this.delayMs, piece });
    this.#pass();
  }

  #pass(): void {
    if (this.#stalled) return;
    for (let next = this.#queue[0]; next; next = this.#queue[0]) {
      const early = next.at - performance.now();
      if (early > 0) return this.#wait(early);
      this.#queue.shift();
      if (next.piece === undefined) {
        this.#to.end();
        continue;
      }
      this.#passed();
      if (!this.#to.write(next.piece)) return void this.#from.pause(); // until it drains
    }
    this.#from.resume();
  }

  #wait(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#pass(), ms);
  }
}
