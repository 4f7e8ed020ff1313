import {
  CoordinatorCore,
  DEFAULT_SETTINGS,
  PeerConnection,
  receivedEvents,
  type Change,
  type PeerPort,
  type Settings,
  type Write,
  type WriteAnswer,
} from "@planwire/coordinator/core";
import {
  isPlanwireError,
  isUntypedReply,
  LIMITS,
  PlanwireError,
  type ConnectionId,
  type ErrorCode,
  type Message,
  type Register,
} from "@planwire/protocol";
import type { Peer } from "../oracle/facts.js";
import { describeMessage, planOfMessage } from "./describe-message.js";
import type { Crash } from "./disk.js";
import type { CoordinatorEffect, CoordinatorEvent, CoordinatorLike } from "./drives.js";
import type { SimSocket, SocketListener } from "./network.js";
import { Repeats } from "./repeats.js";
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
  maxEvents: 4,
  slowBytes: 1_500,
  maxUnreadBytes: 8_000,
};

type Persist = Extract<CoordinatorEffect, { type: "persist" }>;
type EffectOf<T extends CoordinatorEffect["type"]> = Extract<CoordinatorEffect, { type: T }>;

/** Events stepped before what they persist is handed over, as the real shell does it. */
const KEEP_MOVING = 32;
const LIMITS_OF_FRAMES = { frameBytes: LIMITS.frameBytes, batchMessages: LIMITS.batchMessages };

class SimConnection extends PeerConnection {
  /** Who is at the other end, once that has said so. */
  peer: Peer | undefined;
}

/** A coordinator: the real core behind a shell that does what the real one does, on the story's clock, network and disk. */
export class CoordinatorProcess extends SimProcess {
  readonly #world: World;
  readonly core: CoordinatorLike;
  readonly #connections = new Map<ConnectionId, SimConnection>();
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
    world.witness({ type: "diskOpened", live: found.live });
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
    const world = this.#world;
    const connection = new SimConnection(this.#portOf(socket), COORDINATOR, {
      blocked: () => {
        world.coverage.count(`race: a ${connection.peer?.kind} reads slowly`);
        this.#feed([{ type: "connectionBlocked", conn }]);
      },
      drained: () => {
        const isBehind = (this.core.state.connections.get(conn)?.behind.size ?? 0) > 0;
        if (isBehind) world.coverage.count("race: who read slowly is told what it missed");
        this.#feed([{ type: "awaitDrainDone", conn }]);
      },
      tooSlow: (unread) => {
        world.coverage.count("race: a connection is closed that reads too slowly");
        this.#note(`closes ${connection.peer?.process ?? conn}, where ${unread} bytes wait`);
        this.#noteEnd(connection);
      },
    });
    const sessionId = `session-${world.chance.below(2 ** 31)}`;
    const scopes = { worker: true, client: true };
    const listener: SocketListener = {
      opened: () => {
        this.#connections.set(conn, connection);
        this.#feed([{ type: "connectionOpened", conn, scopes, sessionId }]);
      },
      received: (frame) => this.#received(conn, connection, frame),
      drained: () => connection.sent(),
      ponged: () => this.#feed([{ type: "probeDone", conn }]),
      closed: ({ code, reason }) => {
        this.#noteEnd(connection);
        connection.lost();
        this.#connections.delete(conn);
        this.#feed([{ type: "connectionClosed", conn, reason: reason || `closed with ${code}` }]);
      },
    };
    return { process: this, listener };
  }

  #portOf(socket: SimSocket): PeerPort {
    return {
      isOpen: () => true, // one that is not takes nothing
      send: (frame) => socket.send(frame),
      bufferedBytes: () => socket.bufferedBytes(),
      ping: () => socket.ping(),
      close: (code, reason) => socket.close(code, reason),
      terminate: () => socket.terminate(),
      soon: (run) => this.after(0, run),
      later: (ms, run) => this.after(ms, run),
    };
  }

  #received(conn: ConnectionId, connection: SimConnection, frame: string | Uint8Array): void {
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
  #countRivals(connection: SimConnection, { worker_id: name, incarnation }: Register): void {
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
  #countLeftBehind(connection: SimConnection): void {
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
      const { worker_id: name, incarnation, capabilities } = message;
      if (incarnation !== undefined) return { kind: "worker", name, process: incarnation };
      // In a story an old worker says by its one environment which connection of which process it is.
      return { kind: "old", name, process: capabilities.python_envs[0] ?? name };
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
      case "forward":
        return this.#connections.get(effect.conn)?.forward(effect.frame);
      case "useFeatures":
        return this.#connections.get(effect.conn)?.useFeatures(effect.features);
      case "close":
        return this.#close(effect.conn, effect.code);
      case "probe":
        return this.#connections.get(effect.conn)?.probe();
      case "persist":
        this.#world.witness({ type: "handedOver", write: effect.content });
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
      case "awaitDrain":
        return this.#connections.get(effect.conn)?.awaitDrain();
      case "list":
        return this.#list(effect);
      case "prune":
        return this.#prune(effect);
      case "rememberOffers":
        return this.#world.disk.rememberOffers(effect.offers);
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

  #send(conn: ConnectionId, message: Message, bulk: boolean, mayWait?: boolean): void {
    const connection = this.#connections.get(conn);
    if (connection === undefined || connection.closingWith !== undefined) return;
    const { peer } = connection;
    this.#note(`-> ${peer?.process ?? conn} ${describeMessage(message)}`, message);
    this.#world.witness({ type: "coordinatorSays", peer, message });
    try {
      if (bulk) connection.sendBulk(message);
      else connection.send(message, mayWait);
    } catch (error) {
      if (!isPlanwireError(error)) throw error;
      this.#feed([{ type: "sendFailed", conn, message, error }]);
    }
  }

  /** To peers of ours; one of the inherited wire would do it twice. */
  #sayAgain({ conn, message, mayWait }: EffectOf<"send">): void {
    const connection = this.core.state.connections.get(conn);
    const knowsAttempts = this.#connections.get(conn)?.features.has("attempts");
    if (connection === undefined || !knowsAttempts) return;
    connection.said += 1;
    this.#send(conn, message, false, mayWait);
  }

  #close(conn: ConnectionId, code: ErrorCode): void {
    const connection = this.#connections.get(conn);
    if (connection === undefined || connection.closingWith !== undefined) return;
    this.#noteEnd(connection);
    this.#note(`closes ${connection.peer?.process ?? conn} with ${code}`);
    connection.close(code);
  }

  /** More than once, where it is closed and then gone. */
  #noteEnd({ peer }: SimConnection): void {
    if (peer?.kind !== "old") return;
    this.#world.witness({ type: "oldConnectionEnded", peer });
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
