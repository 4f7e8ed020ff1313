import { decodeFrame, isUntypedReply, Outbox, type Message } from "@planwire/protocol";
import {
  DEFAULTS,
  IsolatePool,
  WorkerCore,
  type FilterCall,
  type PoolEvents,
  type Settings,
} from "@planwire/worker/core";
import type { Peer } from "../oracle/facts.js";
import { describeMessage, planOfMessage } from "./describe-message.js";
import type { WorkerEffect, WorkerEvent, WorkerLike } from "./drives.js";
import { FilterRuns, SimIsolate, type Running } from "./filter-runs.js";
import { OFFERS } from "./filters.js";
import type { SimSocket } from "./network.js";
import { Repeats } from "./repeats.js";
import { SimProcess, SimTimer } from "./sim-process.js";
import type { World } from "./world.js";

export interface WorkerSetup {
  readonly name: string;
  readonly slots: number;
  readonly threads: number;
  readonly tags: readonly string[];
}

const WAIT_MS = 2;
const GRACE_MS = 1_500;

/** A worker process: the real core and the real pool behind a shell that does what the real one does. */
export class WorkerProcess extends SimProcess {
  readonly #world: World;
  readonly setup: WorkerSetup;
  readonly peer: Peer;
  readonly core: WorkerLike;
  readonly #runs: FilterRuns;
  readonly #pool: IsolatePool;
  readonly #inline = new Map<number, Running>();
  readonly #timer: SimTimer;
  readonly repeats: Repeats;
  readonly #onDeath: (how: "left" | "killed") => void;
  readonly #events: WorkerEvent[] = [];
  #stepping = false;
  #deafUntil = 0;
  /** What came while it was deaf. */
  readonly #unheard: (() => void)[] = [];
  #socket: SimSocket | undefined;
  #outbox: Outbox | undefined;

  constructor(
    world: World,
    setup: WorkerSetup,
    incarnation: string,
    settings: Partial<Settings>,
    onDeath: (how: "left" | "killed") => void,
  ) {
    super(world.clock);
    this.#world = world;
    this.repeats = new Repeats(world, this);
    this.setup = setup;
    this.#onDeath = onDeath;
    const { name: workerId, slots } = setup;
    this.peer = { kind: "worker", name: workerId, process: incarnation };
    const core = new WorkerCore({
      ...DEFAULTS,
      url: "ws://coordinator",
      workerId,
      incarnation,
      version: "0.1.0",
      slots,
      graceMs: GRACE_MS,
      ...settings,
    });
    this.core = world.plant.worker?.(core) ?? core;
    this.#timer = new SimTimer(this, () =>
      this.#feed({ type: "wakeAtDone", random: world.chance.fraction() }),
    );
    this.#runs = new FilterRuns(world, this, this.peer, {
      report: (call, fraction) =>
        this.#feed({ type: "callReported", report: { call, kind: "progress", fraction } }),
      killsWorker: () => {
        world.coverage.count("fault: a filter kills its worker");
        this.die();
      },
    });
    this.#pool = new IsolatePool(
      (events) => new SimIsolate(this, this.#runs, events),
      setup.threads,
      this.#poolEvents(),
      () => this.now.mono,
    );
    this.#note("starts");
    world.witness({ type: "workerStarted", peer: this.peer, slots });
    const capabilities = {
      cpu_cores: slots,
      ram_bytes: 1024,
      gpus: [],
      python_envs: [],
      tags: [...setup.tags],
    };
    this.#feed({ type: "start", filters: OFFERS, capabilities });
  }

  /** As by SIGKILL: what it ran is over, and nobody is told by it. */
  override die(): void {
    this.#end("killed");
  }

  /** What comes waits, while all else goes on: heartbeats leave, calls end. */
  beDeaf(ms: number): void {
    this.#deafUntil = Math.max(this.#deafUntil, this.now.mono + ms);
    this.after(ms, () => {
      if (this.now.mono < this.#deafUntil) return;
      for (const take of this.#unheard.splice(0)) take();
    });
  }

  drain(): void {
    this.run(() => this.#feed({ type: "drain", reason: "asked to" }));
  }

  #end(how: "left" | "killed"): void {
    if (!this.isAlive) return;
    this.#note(how === "killed" ? "is killed" : "has left");
    this.#runs.die();
    super.die();
    this.#world.witness({ type: "workerDied", peer: this.peer });
    this.#onDeath(how);
  }

  #feed(event: WorkerEvent): void {
    this.#events.push(event);
    if (this.#stepping) return;
    this.#stepping = true;
    for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
      for (const effect of this.core.step(next, this.now)) this.#carryOut(effect);
    }
    this.#stepping = false;
  }

  #carryOut(effect: WorkerEffect): void {
    switch (effect.type) {
      case "connect":
        return this.#connect(effect.connection);
      case "disconnect":
        return this.#hangUp(effect.reason);
      case "useFeatures":
        return this.#outbox?.setFeatures(effect.features);
      case "send":
        return this.#send(effect.message, (outbox) => outbox.push(effect.message));
      case "sendFrame":
        return this.#sendFrame(effect.frame);
      case "sendBulk":
        return this.#outbox?.pushBulk(effect.frame);
      case "startCall":
        if (effect.isolate !== "inline") return this.#pool.run(effect.call);
        return this.#runInline(effect.call);
      case "abortCall":
        if (effect.isolate !== "inline") return this.#pool.abort(effect.call);
        return this.#abortInline(effect.call);
      case "killCall":
        this.#world.coverage.count("fault: an isolate is killed after its grace");
        return effect.isolate === "inline" ? undefined : this.#pool.kill(effect.call);
      case "sampleLoad":
        return this.#feed({
          type: "sampleLoadDone",
          load: { cpu_usage: 0.5, memory_usage: 0.5, gpu_usage: [] },
        });
      case "wakeAt":
        return this.#timer.set(effect.mono);
      case "offerDone":
        return;
      case "notify":
        return this.#note(JSON.stringify(effect.event));
      case "leave":
        return this.#leave();
    }
  }

  #runInline(call: FilterCall): void {
    this.after(0, () => {
      const running = this.#runs.begin(call, (outcome) => {
        this.#inline.delete(call.call);
        this.#feed({ type: "callDone", call: call.call, outcome });
      });
      this.#inline.set(call.call, running);
    });
    this.#feed({ type: "startCallDone", call: call.call });
  }

  #abortInline(call: number): void {
    this.after(0, () => {
      const running = this.#inline.get(call);
      if (running !== undefined) this.#runs.abort(running);
    });
  }

  #poolEvents(): PoolEvents {
    return {
      started: (call) => this.#feed({ type: "startCallDone", call }),
      report: (report) => this.#feed({ type: "callReported", report }),
      done: (call, outcome) => this.#feed({ type: "callDone", call, outcome }),
      loadFailed: () => {},
      crashed: () => this.#world.coverage.count("fault: an isolate dies"),
    };
  }

  #connect(connection: number): void {
    const { net, chance } = this.#world;
    let wasOpen = false;
    const socket = net.dial(this.setup.name, this, {
      opened: () => {
        wasOpen = true;
        this.#feed({ type: "connectDone", connection });
      },
      received: (frame) => this.#received(connection, frame),
      drained: () => outbox.drained(),
      ponged: () => {},
      closed: ({ code, reason }) => {
        outbox.close();
        const type = wasOpen ? "connectionLost" : "connectFailed";
        const end = { status: code, reason: reason || "closed" };
        this.#feed({ type, connection, end, random: chance.fraction() });
      },
    });
    const outbox = new Outbox({
      send: (frame) => socket.send(frame),
      bufferedBytes: () => socket.bufferedBytes(),
      schedule: (flush) => this.after(0, flush),
      scheduleLater: (flush) => this.after(WAIT_MS, flush),
    });
    this.#socket = socket;
    this.#outbox = outbox;
  }

  #received(connection: number, frame: string | Uint8Array): void {
    // One that also stood still meanwhile hears what came first before what came then.
    if (this.now.mono < this.#deafUntil || this.#unheard.length > 0) {
      this.#unheard.push(() => this.#received(connection, frame));
      return;
    }
    for (const decoded of decodeFrame(frame)) {
      if (!decoded.ok) {
        const { error, isError } = decoded;
        this.#world.witness({ type: "notUnderstood", by: this.peer.process, why: error.message });
        this.#feed({ type: "receivedBroken", connection, error, isError });
      } else if (!isUntypedReply(decoded.message)) {
        const { message } = decoded;
        this.#note(`<- ${describeMessage(message)}`, message);
        this.#world.witness({ type: "workerHears", peer: this.peer, message });
        this.#feed({ type: "received", connection, message, bytes: frame.length });
      }
    }
  }

  #hangUp(reason: string): void {
    this.#note(`hangs up: ${reason}`);
    this.#outbox?.flush();
    this.#outbox?.close();
    this.#socket?.close(1000, reason);
  }

  /** What it has left to say goes out, then the process ends. */
  #leave(): void {
    this.#runs.die();
    this.#hangUp("leaving");
    this.after(1_000, () => this.#end("left"));
  }

  #say(message: Message): void {
    this.#world.witness({ type: "workerSays", peer: this.peer, message });
  }

  #sendFrame(frame: string | Uint8Array): void {
    const [decoded] = decodeFrame(frame);
    if (decoded?.ok === true && !isUntypedReply(decoded.message))
      this.#send(decoded.message, (outbox) => outbox.pushFrame(frame));
  }

  #send(message: Message, push: (outbox: Outbox) => void): void {
    const outbox = this.#outbox;
    this.#say(message);
    if (outbox === undefined) return;
    push(outbox);
    this.repeats.consider(message, () => {
      const { session } = this.core.state;
      if (this.#outbox !== outbox || session.phase !== "registered") return;
      // Acknowledgements are counted.
      if (message.type === "Heartbeat") session.heartbeatsSent += 1;
      this.#world.witness({ type: "saysAgain", process: this.peer.process, message });
      push(outbox);
    });
  }

  #note(what: string, message?: Message): void {
    const planId = message === undefined ? undefined : planOfMessage(message);
    this.#world.log.add(this.clock.mono, this.peer.process, what, planId);
  }
}
