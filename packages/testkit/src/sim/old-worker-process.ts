import type { FilterCall } from "@planwire/worker/core";
import type { JsonValue, Value } from "@planwire/protocol";
import type { Peer } from "../oracle/facts.js";
import type { Chance } from "./chance.js";
import { FilterRuns } from "./filter-runs.js";
import type { SimSocket } from "./network.js";
import { readOldPlan, type OldNode, type OldPlan } from "./old-plan.js";
import {
  fieldsOf,
  readOldFrame,
  writeOldFrame,
  type OldForm,
  type OldMessage,
} from "./old-wire.js";
import { planOfPart } from "./describe-message.js";
import { SimProcess } from "./sim-process.js";
import type { World } from "./world.js";

/** How an old worker behaves where the inherited wire leaves it free. */
export interface OldSetup {
  readonly name: string;
  readonly form: OldForm;
  readonly heartbeats: boolean;
  /** Tells which nodes it starts. */
  readonly tells: boolean;
  /** Reads nothing while it runs a plan: it answers no ping, and learns of nothing. */
  readonly isDeafAtWork: boolean;
  /** Says a result whose connection is gone on the next one. */
  readonly keepsResults: boolean;
}

export function someOldSetup(chance: Chance, name: string): OldSetup {
  return {
    name,
    form: chance.choose({ text: 3, maps: 1, arrays: 2 }),
    heartbeats: chance.happens(50),
    tells: chance.happens(50),
    isDeafAtWork: chance.happens(40),
    keepsResults: chance.happens(85),
  };
}

interface Session {
  readonly peer: Peer;
  readonly runs: FilterRuns;
  readonly socket: SimSocket;
  isOpen: boolean;
  isRegistered: boolean;
  unanswered: number;
  /** How often each part has come. */
  readonly given: Map<string, number>;
}

type Result = { readonly [field: string]: JsonValue };

const HEARTBEAT_MS = 2_000;
const KEEP_ALIVE_MS = 10_000;

/**
 * A worker that knows nothing but the inherited wire: it has no attempts, acknowledges nothing, stops for nobody, and forgets with each connection
 * what came on the one before.
 */
export class OldWorkerProcess extends SimProcess {
  readonly #world: World;
  readonly setup: OldSetup;
  readonly #process: string;
  readonly #onDeath: () => void;
  /** What its sockets are read by. */
  readonly #ears: SimProcess;
  #session: Session | undefined;
  readonly #sessions = new Set<Session>();
  #working = 0;
  #lastSession = 0;
  #lastCall = 0;
  /** Results that have no connection. */
  #unsaid: OldMessage[] = [];

  constructor(world: World, setup: OldSetup, process: string, onDeath: () => void) {
    super(world.clock);
    this.#world = world;
    this.setup = setup;
    this.#process = process;
    this.#onDeath = onDeath;
    this.#ears = new SimProcess(world.clock);
    this.#note("starts");
    this.#dial();
    if (setup.heartbeats) this.#beat();
  }

  get isAtWork(): boolean {
    return this.#working > 0;
  }

  override pause(): void {
    super.pause();
    this.#ears.pause();
  }

  override resume(): void {
    super.resume();
    this.#listen();
  }

  override die(): void {
    if (!this.isAlive) return;
    this.#note("is killed");
    for (const { runs } of this.#sessions) runs.die();
    super.die();
    this.#ears.die();
    this.#onDeath();
  }

  #listen(): void {
    if (!this.isPaused && !(this.setup.isDeafAtWork && this.#working > 0)) this.#ears.resume();
  }

  #dial(): void {
    const peer: Peer = {
      kind: "old",
      name: this.setup.name,
      process: `${this.#process}.${++this.#lastSession}`,
    };
    const runs = new FilterRuns(this.#world, this, peer, {
      report: () => {},
      killsWorker: () => {
        this.#world.coverage.count("fault: a filter kills an old worker");
        this.die();
      },
    });
    const socket = this.#world.net.dial(this.setup.name, this.#ears, {
      opened: () => this.#opened(session),
      received: (frame) => this.#received(session, frame),
      drained: () => {},
      ponged: () => {
        session.unanswered = 0;
      },
      closed: () => this.#closed(session),
    });
    const session: Session = {
      peer,
      runs,
      socket,
      isOpen: false,
      isRegistered: false,
      unanswered: 0,
      given: new Map(),
    };
    this.#sessions.add(session);
    this.#session = session;
  }

  #opened(session: Session): void {
    session.isOpen = true;
    this.#say(session, this.#register(session));
    this.#keepAlive(session);
  }

  /** As its system does it: a coordinator that is gone without a word is found out some time. */
  #keepAlive(session: Session): void {
    this.after(KEEP_ALIVE_MS, () => {
      if (!session.isOpen) return;
      if (session.unanswered >= 2) return session.socket.terminate();
      // At work it may just not have looked.
      if (this.#working === 0) session.unanswered += 1;
      session.socket.ping();
      this.#keepAlive(session);
    });
  }

  #closed(session: Session): void {
    this.#note("has lost its connection");
    session.isOpen = false;
    if (this.#session === session) this.#session = undefined;
    this.after(this.#world.chance.between(50, 1_500), () => {
      if (this.#session === undefined) this.#dial();
    });
  }

  #register({ peer }: Session): OldMessage {
    const capabilities = {
      cpu_cores: 4,
      ram_bytes: 1024,
      gpus: [],
      python_envs: [peer.process],
      tags: [],
    };
    return { type: "Register", worker_id: this.setup.name, capabilities };
  }

  #beat(): void {
    this.after(HEARTBEAT_MS, () => {
      const load = {
        cpu_usage: 0.5,
        memory_usage: 0.5,
        gpu_usage: [],
        active_plans: this.#working,
        queue_depth: 0,
        timestamp: "2026-01-01T00:00:00Z",
      };
      const { name: worker_id } = this.setup;
      // What runs a plan does nothing else, as a rule.
      if (!this.setup.isDeafAtWork || this.#working === 0)
        this.#sayNow({ type: "Heartbeat", worker_id, load });
      this.#beat();
    });
  }

  #received(session: Session, frame: string | Uint8Array): void {
    let message: OldMessage;
    try {
      message = readOldFrame(frame);
      this.#handle(session, message);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.#notUnderstood(session, frame, error.message);
    }
  }

  /** Before it is registered it may be told in words of ours why it may not. */
  #notUnderstood(session: Session, frame: string | Uint8Array, why: string): void {
    const { peer, isRegistered } = session;
    if (!isRegistered && typeof frame === "string" && frame.startsWith('{"type":"Error"'))
      return this.#note(`<- ${frame}`);
    this.#world.witness({ type: "notUnderstood", by: peer.process, why });
  }

  #handle(session: Session, message: OldMessage): void {
    this.#note(`<- ${described(message)}`, planIn(message));
    switch (message.type) {
      case "Registered":
        session.isRegistered = true;
        for (const unsaid of this.#unsaid.splice(0)) this.#say(session, unsaid);
        return;
      case "AssignPlan":
        return this.#work(session, readOldPlan(message["plan"]));
      case "StatusRequest":
        return this.#say(session, this.#register(session));
      case "Ping":
        return this.#say(session, { type: "Pong" });
      case "Shutdown":
        return this.#say(session, { type: "ShutdownAck" });
      case "CancelPlan":
        return this.#sayText(session, { status: "cancel_not_implemented" });
    }
  }

  /** One node after the other, whatever comes in between. */
  #work(session: Session, given: Omit<OldPlan, "nth">): void {
    this.#working += 1;
    const nth = (session.given.get(given.partId) ?? 0) + 1;
    session.given.set(given.partId, nth);
    const plan = { ...given, nth };
    if (this.setup.isDeafAtWork) this.#ears.pause();
    this.#runFrom(session, plan, 0, plan.input, {});
  }

  #runFrom(session: Session, plan: OldPlan, index: number, input: Value, states: Result): void {
    const node = plan.nodes[index];
    if (node === undefined) return this.#ended(session, plan, success(input, states));
    if (plan.fit !== undefined && node.isTrainable) return this.#fit(session, plan, index, input);
    this.#call(session, plan, node, { op: "forward", input, state: node.state }, (output) =>
      this.#runFrom(session, plan, index + 1, output, states),
    );
  }

  /** A fit comes alone, node by node: its state is all that is asked for. */
  #fit(session: Session, plan: OldPlan, index: number, input: Value): void {
    const node = plan.nodes[index];
    if (node === undefined) return;
    this.#call(session, plan, node, { op: "fit", input, y: plan.fit?.y }, (state) =>
      this.#ended(session, plan, success({ type: "Empty" }, { [node.nodeId]: jsonOf(state) })),
    );
  }

  #call(
    session: Session,
    plan: OldPlan,
    { nodeId, filter }: OldNode,
    {
      op,
      input,
      state,
      y,
    }: Pick<FilterCall, "op" | "input"> & { state?: Value | undefined; y?: Value | undefined },
    then: (value: Value) => void,
  ): void {
    const { partId: planId, nth } = plan;
    if (this.setup.tells) this.#tell(session, planId, nodeId);
    const call: FilterCall = {
      call: ++this.#lastCall,
      filter,
      op,
      input,
      nodeId,
      planId,
      // It knows none: the oracle does, by the connection.
      attempt: nth,
      workerId: this.setup.name,
      ...(state !== undefined && { state }),
      ...(y !== undefined && { y }),
    };
    session.runs.begin(call, (outcome) => {
      if (outcome.status === "done") return then(outcome.value);
      const error = outcome.status === "failed" ? outcome.error.message : "it came to nothing";
      this.#ended(session, plan, { status: "Failed", error, duration_ms: 1 });
    });
  }

  #tell(session: Session, plan_id: string, node_id: string): void {
    const event = { event_type: "NodeStarted", run_id: plan_id, node_id, kind: "filter" };
    this.#say(session, { type: "Event", worker_id: this.setup.name, plan_id, event });
  }

  /** The answer goes where the plan came from; where that is gone it is lost, or said to whoever asks next. */
  #ended(session: Session, { partId: plan_id }: OldPlan, result: Result): void {
    this.#working -= 1;
    const message = { type: "PlanResult", worker_id: this.setup.name, plan_id, result };
    if (session.isOpen) this.#say(session, message);
    else if (this.setup.keepsResults) this.#sayNow(message);
    this.#listen();
  }

  /** On the connection that there is. */
  #sayNow(message: OldMessage): void {
    const session = this.#session;
    if (session?.isOpen === true) this.#say(session, message);
    else if (message.type === "PlanResult") this.#unsaid.push(message);
  }

  #say(session: Session, message: OldMessage): void {
    this.#note(`-> ${described(message)}`, planIn(message));
    const { form } = this.setup;
    // What an event holds is open, so that no list of its fields could be read.
    const isOpen = message.type === "Event";
    session.socket.send(writeOldFrame(message, form === "arrays" && isOpen ? "maps" : form));
  }

  #sayText({ socket }: Session, reply: Result): void {
    socket.send(JSON.stringify(reply));
  }

  #note(what: string, planId?: string): void {
    this.#world.log.add(this.clock.mono, this.#process, what, planId);
  }
}

function success(output: Value, states: Result): Result {
  return { status: "Success", output: jsonOf(output), duration_ms: 1, states };
}

/** It gives Json, or nothing. */
function jsonOf(value: Value): JsonValue {
  return value.type === "Json" ? { type: "Json", data: value.data } : { type: "Empty" };
}

function described(message: OldMessage): string {
  const { result } = message;
  const status = result === undefined ? "" : ` ${JSON.stringify(result)}`;
  return `${message.type} ${partIn(message) ?? ""}${status}`;
}

function planIn(message: OldMessage): string {
  const partId = partIn(message);
  return partId === undefined ? "(old workers)" : planOfPart(partId);
}

function partIn({ plan_id, plan }: OldMessage): string | undefined {
  const partId = plan === undefined ? plan_id : fieldsOf(plan)["plan_id"];
  return typeof partId === "string" ? partId : undefined;
}
