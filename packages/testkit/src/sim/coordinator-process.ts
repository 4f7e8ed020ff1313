import {
  CoordinatorCore,
  DEFAULT_SETTINGS,
  receivedEvents,
  type Change,
  type Settings,
  type Write,
  type WriteAnswer,
} from "@planwire/coordinator/core";
import {
  canWait,
  closeCodeOf,
  encodeFrame,
  isPlanwireError,
  isUntypedReply,
  LIMITS,
  Outbox,
  PlanwireError,
  type ConnectionId,
  type ErrorCode,
  type Message,
  type Register,
} from "@planwire/protocol";
import type { Peer } from "../oracle/facts.js";
import { describeMessage, planOfMessage } from "./describe-message.js";
import type { CoordinatorEffect, CoordinatorEvent, CoordinatorLike } from "./drives.js";
import type { SimSocket, SocketListener } from "./network.js";
import { Repeats } from "./repeats.js";
import type { Crash } from "./disk.js";
import { SimProcess, SimTimer } from "./sim-process.js";
import type { World } from "./world.js";

export const COORDINATOR: Omit<Settings, "coordinatorId" | "version"> = {
  ...DEFAULT_SETTINGS,
  heartbeatIntervalMs: 2_000,
  heartbeatTimeoutMs: 6_000,
  takeoverMs: 1_000,
  clientTimeoutMs: 10_000,
  persistRetryMs: 500,
  maxEnded: 6,
};

type Persist = Extract<CoordinatorEffect, { type: "persist" }>;
type EffectOf<T extends CoordinatorEffect["type"]> = Extract<CoordinatorEffect, { type: T }>;

interface Connection {
  readonly socket: SimSocket;
  readonly outbox: Outbox;
  peer: Peer | undefined;
  closingWith: ErrorCode | undefined;
}

/** Events stepped before what they persist is handed over, as the real shell does it. */
const KEEP_MOVING = 32;
const WAIT_MS = 2;
const CLOSE_WITHIN_MS = 5_000;
const INTERNAL_ERROR = 1011;
const LIMITS_OF_FRAMES = { frameBytes: LIMITS.frameBytes, batchMessages: LIMITS.batchMessages };

/** A coordinator: the real core behind a shell that does what the real one does, on the story's clock, network and disk. */
export class CoordinatorProcess extends SimProcess {
  readonly #world: World;
  readonly core: CoordinatorLike;
  readonly #connections = new Map<ConnectionId, Connection>();
  readonly #timer: SimTimer;
  /** Its core knows nothing of what is said again. */
  readonly repeats: Repeats;
  #lastConnection = 0;
  #events: CoordinatorEvent[] = [];
  #writes: Persist[] = [];
  #running = false;

  constructor(world: World, name: string, settings: Partial<Settings>) {
    super(world.clock);
    this.#world = world;
    this.repeats = new Repeats(world, this);
    const { plant, disk } = world;
    const found = disk.open();
    const opened = plant.opened?.(found) ?? found;
    const core = new CoordinatorCore(
      { ...COORDINATOR, ...settings, coordinatorId: name, version: "0.1.0" },
      opened,
    );
    this.core = plant.coordinator?.(core) ?? core;
    this.#timer = new SimTimer(this, () => this.#feed([{ type: "woken" }]));
    this.#note(`starts, boot ${opened.boot}, finds ${opened.live.length} live`);
    world.witness({ type: "coordinatorStarted" });
    this.#whileRunning(() => this.#carryOutAll(this.core.start(this.now)));
    world.net.door = (socket) => this.#letIn(socket);
  }

  override die(how: Crash = "killed"): void {
    super.die();
    const { net, disk } = this.#world;
    this.#note(`is ${how}`);
    net.door = undefined;
    disk.crash(how);
    this.#world.witness({ type: "coordinatorDied" });
  }

  #letIn(socket: SimSocket): { process: SimProcess; listener: SocketListener } {
    const conn = `connection-${++this.#lastConnection}` as ConnectionId;
    const outbox = new Outbox({
      send: (frame) => socket.send(frame),
      bufferedBytes: () => socket.bufferedBytes(),
      schedule: (flush) => this.after(0, flush),
      scheduleLater: (flush) => this.after(WAIT_MS, flush),
    });
    const connection: Connection = { socket, outbox, peer: undefined, closingWith: undefined };
    const sessionId = `session-${this.#world.chance.below(2 ** 31)}`;
    const scopes = { worker: true, client: true };
    const listener: SocketListener = {
      opened: () => {
        this.#connections.set(conn, connection);
        this.#feed([{ type: "connectionOpened", conn, scopes, sessionId }]);
      },
      received: (frame) => this.#received(conn, connection, frame),
      drained: () => this.#drained(connection),
      ponged: () => this.#feed([{ type: "probeDone", conn }]),
      closed: ({ code, reason }) => {
        connection.closingWith ??= "CONNECTION_LOST";
        outbox.close();
        this.#connections.delete(conn);
        this.#feed([{ type: "connectionClosed", conn, reason: reason || `closed with ${code}` }]);
      },
    };
    return { process: this, listener };
  }

  #received(conn: ConnectionId, connection: Connection, frame: string | Uint8Array): void {
    this.#countLeftBehind(connection);
    if (connection.closingWith !== undefined) return;
    const isBinary = typeof frame !== "string";
    const events = receivedEvents(conn, Buffer.from(frame), isBinary, LIMITS_OF_FRAMES);
    for (const event of events) {
      if (event.type === "receivedBroken") {
        const why = event.error.message;
        this.#world.witness({ type: "notUnderstood", by: "the coordinator", why });
      }
      if (event.type !== "received" || isUntypedReply(event.message)) continue;
      const { message } = event;
      if (message.type === "Register") this.#countRivals(connection, message);
      connection.peer ??= this.#peerOf(message);
      this.#note(`<- ${connection.peer?.process ?? conn} ${describeMessage(message)}`, message);
      if (connection.peer !== undefined) {
        this.#world.witness({ type: "coordinatorHears", peer: connection.peer, message });
      }
    }
    this.#feed(events);
  }

  /** Its earlier socket is still open here. */
  #countRivals(connection: Connection, { worker_id: name, incarnation }: Register): void {
    for (const other of this.#connections.values()) {
      if (other === connection || other.closingWith !== undefined || other.peer?.name !== name)
        continue;
      const isSame = other.peer.process === incarnation;
      this.#world.coverage.count(
        isSame
          ? "race: a worker connects beside its old socket"
          : "race: a worker takes over its id",
      );
    }
  }

  /** It goes on although its process speaks by a newer one. */
  #countLeftBehind(connection: Connection): void {
    const { coverage } = this.#world;
    if (connection.closingWith === "SESSION_REPLACED")
      coverage.count("race: a connection that was replaced goes on");
    const newest = [...this.#connections.values()].findLast(
      ({ peer }) => peer !== undefined && peer.process === connection.peer?.process,
    );
    if (newest !== undefined && newest !== connection)
      coverage.count(
        `race: an old connection of a ${newest.peer?.kind} goes on beside its new one`,
      );
  }

  #peerOf(message: Message): Peer | undefined {
    if (message.type === "Register") {
      const { worker_id: name, incarnation = name } = message;
      return { kind: "worker", name, process: incarnation };
    }
    if (message.type !== "Hello") return undefined;
    // In a story a client's implementation says which process it is.
    const process = message.implementation;
    return { kind: "client", name: process.split("#", 1)[0] ?? process, process };
  }

  #feed(events: readonly CoordinatorEvent[]): void {
    if (!this.isAlive) return;
    this.#events.push(...events);
    if (!this.#running) this.#whileRunning(() => {});
  }

  #whileRunning(first: () => void): void {
    this.#running = true;
    first();
    do {
      const events = this.#events;
      this.#events = [];
      for (let from = 0; from < events.length; from += KEEP_MOVING) {
        for (const event of events.slice(from, from + KEEP_MOVING)) {
          this.#carryOutAll(this.core.step(event, this.now));
        }
        this.#commit();
      }
      this.#commit();
    } while (this.#events.length > 0);
    this.#running = false;
  }

  #carryOutAll(effects: readonly CoordinatorEffect[]): void {
    for (const effect of effects) this.#carryOut(effect);
  }

  #carryOut(effect: CoordinatorEffect): void {
    switch (effect.type) {
      case "send":
        this.#send(effect.conn, effect.message, false, effect.mayWait);
        return this.repeats.consider(effect.message, () => this.#sayAgain(effect));
      case "sendBulk":
        return this.#send(effect.conn, effect.message, true);
      case "forward": {
        const connection = this.#connections.get(effect.conn);
        if (connection?.closingWith === undefined) connection?.outbox.pushBulk(effect.frame);
        return;
      }
      case "useFeatures": {
        const outbox = this.#connections.get(effect.conn)?.outbox;
        outbox?.startCounting();
        outbox?.setFeatures(effect.features);
        return;
      }
      case "close":
        return this.#close(effect.conn, effect.code);
      case "probe":
        return this.#connections.get(effect.conn)?.socket.ping();
      case "persist":
        this.#writes.push(effect);
        return;
      case "load": {
        const { load, planId } = effect;
        const read = () => {
          const execution = this.#world.disk.get(planId);
          this.#feed([{ type: "loadDone", load, execution }]);
        };
        return this.after(this.#world.chance.between(1, 4), read);
      }
      case "awaitDrain": {
        const { conn } = effect;
        return this.after(1, () => this.#feed([{ type: "awaitDrainDone", conn }]));
      }
      case "list":
        return this.#list(effect);
      case "prune":
        return this.#prune(effect);
      case "wakeAt":
        return this.#timer.set(effect.mono);
      case "log":
        return this.#noteLog(effect);
    }
  }

  #noteLog({ level, message, fields }: EffectOf<"log">): void {
    const { planId } = fields;
    const about = typeof planId === "string" ? planId : undefined;
    const text = `${level}: ${message} ${JSON.stringify(fields)}`;
    this.#world.log.add(this.now.mono, "coordinator", text, about);
  }

  #list({ list, query }: EffectOf<"list">): void {
    this.after(this.#world.chance.between(1, 4), () => {
      this.#feed([{ type: "listDone", list, ...this.#world.disk.list(query) }]);
    });
  }

  #prune({ prune, query }: EffectOf<"prune">): void {
    this.after(this.#world.chance.between(1, 4), () => {
      this.#feed([{ type: "pruneDone", prune, removed: this.#world.disk.prune(query) }]);
    });
  }

  #send(conn: ConnectionId, message: Message, bulk: boolean, mayWait = canWait(message)): void {
    const connection = this.#connections.get(conn);
    if (connection === undefined || connection.closingWith !== undefined) return;
    const { peer, outbox } = connection;
    this.#note(`-> ${peer?.process ?? conn} ${describeMessage(message)}`, message);
    this.#world.witness({ type: "coordinatorSays", peer, message });
    try {
      const frame = encodeFrame(message, outbox.features);
      if (!bulk) outbox.pushFrame(frame, mayWait);
      else outbox.pushBulk(typeof frame === "string" ? Buffer.from(frame) : frame);
    } catch (error) {
      if (!isPlanwireError(error)) throw error;
      this.#feed([{ type: "sendFailed", conn, message, error }]);
    }
  }

  /** To peers of ours; one of the inherited wire would do it twice. */
  #sayAgain({ conn, message, mayWait }: EffectOf<"send">): void {
    const connection = this.core.state.connections.get(conn);
    const knowsAttempts = this.#connections.get(conn)?.outbox.features.has("attempts");
    if (connection === undefined || !knowsAttempts) return;
    connection.said += 1;
    this.#send(conn, message, false, mayWait);
  }

  #close(conn: ConnectionId, code: ErrorCode): void {
    const connection = this.#connections.get(conn);
    if (connection === undefined || connection.closingWith !== undefined) return;
    connection.closingWith = code;
    this.#note(`closes ${connection.peer?.process ?? conn} with ${code}`);
    this.after(CLOSE_WITHIN_MS, () => connection.socket.terminate());
    connection.outbox.flush();
    this.#closeWhenSent(connection);
  }

  #drained(connection: Connection): void {
    if (connection.outbox.bulkQueuedBytes === 0) return;
    connection.outbox.drained();
    if (connection.closingWith !== undefined) this.#closeWhenSent(connection);
  }

  #closeWhenSent({ closingWith, outbox, socket }: Connection): void {
    if (closingWith === undefined || outbox.bulkQueuedBytes > 0) return;
    outbox.close();
    socket.close(closeCodeOf(closingWith) ?? INTERNAL_ERROR, closingWith);
  }

  #commit(): void {
    const writes = this.#writes;
    if (writes.length === 0) return;
    this.#writes = [];
    for (const { content } of writes) this.#noteWrite(content);
    const answer = (answers: readonly WriteAnswer[]) =>
      this.run(() => this.#feed(writes.map(({ write }, index) => doneOf(write, answers[index]))));
    this.#world.disk.commit(
      writes.map(({ content }) => content),
      answer,
    );
  }

  #noteWrite({ planId, changes }: Write): void {
    const what = changes.map(describeChange).join(", ");
    this.#world.log.add(this.now.mono, "coordinator", `writes ${planId}: ${what}`, planId);
  }

  #note(what: string, message?: Message): void {
    const planId = message === undefined ? undefined : planOfMessage(message);
    this.#world.log.add(this.clock.mono, "coordinator", what, planId);
  }
}

function doneOf(write: number, answer: WriteAnswer | undefined): CoordinatorEvent {
  if (answer === undefined) throw new PlanwireError("INTERNAL", "the disk left a write unanswered");
  return { type: "persistDone", write, answer };
}

function describeChange(change: Change): string {
  if (!("attempt" in change)) return change.type;
  const reason = change.type === "lose" ? `: ${change.loss.reason}` : "";
  return `${change.type} ${change.partId}/${change.attempt}${reason}`;
}
