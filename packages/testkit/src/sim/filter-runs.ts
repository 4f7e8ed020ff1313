import {
  IsolatePool,
  type CallOutcome,
  type FilterCall,
  type FromIsolate,
  type Isolate,
  type IsolateEvents,
  type ToIsolate,
} from "@planwire/worker/core";
import type { Value } from "@planwire/protocol";
import type { CallEnd, Peer } from "../oracle/facts.js";
import { FILTERS, OFFERS, outputAt, stateAt, type Behaviour } from "./filters.js";
import { planOfPart } from "./describe-message.js";
import type { SimProcess } from "./sim-process.js";
import type { World } from "./world.js";

interface Running {
  readonly id: string;
  readonly call: FilterCall;
  readonly behaviour: Behaviour;
  readonly done: (outcome: CallOutcome) => void;
  /** What of it is still to happen counts only while this is so. */
  isOver: boolean;
}

export interface FilterRunEvents {
  report(call: number, fraction: number): void;
  /** A filter takes its whole worker with it. */
  killsWorker(): void;
}

const LOAD_MS = 8;
const LONGEST_OBEDIENCE_MS = 30;

/** The filters of one worker: they take virtual time, and tell the oracle when they begin and end. */
export class FilterRuns {
  readonly #world: World;
  readonly #process: SimProcess;
  readonly #peer: Peer;
  readonly #events: FilterRunEvents;
  readonly #running = new Set<Running>();

  constructor(world: World, process: SimProcess, peer: Peer, events: FilterRunEvents) {
    this.#world = world;
    this.#process = process;
    this.#peer = peer;
    this.#events = events;
  }

  begin(call: FilterCall, done: (outcome: CallOutcome) => void): Running {
    const { chance } = this.#world;
    const behaviour = FILTERS[call.filter];
    if (behaviour === undefined) throw new Error(`no filter ${call.filter} is simulated`);
    const id = `${this.#peer.process}:${call.call}`;
    const running: Running = { id, call, behaviour, done, isOver: false };
    this.#running.add(running);
    const { planId: partId, attempt, nodeId, filter, op, input, state, y } = call;
    const doing = op === "fit" ? `${filter}, fit` : filter;
    this.#note(running, `begins ${nodeId} (${doing}) of ${partId}/${attempt}`);
    this.#world.witness({
      type: "callBegan",
      call: id,
      peer: this.#peer,
      partId,
      attempt,
      nodeId,
      filter,
      op,
      input,
      state,
      y,
    });
    if (behaviour.progress === true) {
      this.#after(running, behaviour.leastMs / 2, () => this.#events.report(call.call, 0.5));
    }
    const { leastMs, mostMs } = behaviour;
    const takes = leastMs + chance.fraction() * (mostMs - leastMs);
    this.#after(running, takes, () => this.#comeToItsEnd(running));
    return running;
  }

  abort(running: Running): void {
    if (running.isOver || !running.behaviour.obeys) return;
    const within = this.#world.chance.fraction() * LONGEST_OBEDIENCE_MS;
    this.#after(running, within, () => {
      const message = "it was told to stop";
      this.#end(running, "stopped", {
        status: "failed",
        error: { code: "FILTER_ERROR", message, retryable: false },
      });
    });
  }

  /** What runs is over, without a word. */
  cut(running: Running, how: CallEnd): void {
    if (!running.isOver) this.#end(running, how, undefined);
  }

  die(): void {
    for (const running of this.#running) this.cut(running, "died");
  }

  #comeToItsEnd(running: Running): void {
    const { behaviour, call } = running;
    const isFirst = call.attempt % 1_000_000 === 1;
    const end = behaviour.end === "errorAtFirst" ? (isFirst ? "error" : "output") : behaviour.end;
    switch (end) {
      case "output":
        return this.#end(running, "done", { status: "done", value: valueOf(call) });
      case "error": {
        const message = `${call.nodeId} fails`;
        const error = { code: "FILTER_ERROR", message, retryable: false, node_id: call.nodeId };
        return this.#end(running, "failed", { status: "failed", error });
      }
      case "isolateDies":
        return this.#end(running, "crashed", { status: "crashed", reason: "its filter ended it" });
      case "workerDies":
        return this.#events.killsWorker();
    }
  }

  #end(running: Running, how: CallEnd, outcome: CallOutcome | undefined): void {
    running.isOver = true;
    this.#running.delete(running);
    this.#note(
      running,
      `${running.call.nodeId} of ${running.call.planId}/${running.call.attempt}: ${how}`,
    );
    this.#world.witness({ type: "callEnded", call: running.id, how });
    if (outcome !== undefined) running.done(outcome);
  }

  #after(running: Running, ms: number, run: () => void): void {
    this.#process.after(ms, () => {
      if (!running.isOver) run();
    });
  }

  #note({ call }: Running, what: string): void {
    this.#world.log.add(this.#process.now.mono, this.#peer.process, what, planOfPart(call.planId));
  }
}

function valueOf({ op, nodeId, filter, input, state, y }: FilterCall): Value {
  return op === "fit" ? stateAt(nodeId, input, y) : outputAt(nodeId, filter, input, state);
}

export type { Running };

/** An isolate of the real pool: loads its filters, runs one call at a time, dies when its filter ends it or the pool kills it. */
export class SimIsolate implements Isolate {
  readonly #process: SimProcess;
  readonly #runs: FilterRuns;
  readonly #events: IsolateEvents;
  #running: Running | undefined;
  #isDead = false;

  constructor(process: SimProcess, runs: FilterRuns, events: IsolateEvents) {
    this.#process = process;
    this.#runs = runs;
    this.#events = events;
    const loaded = { filters: OFFERS.map((offer) => ({ offer, file: "filters" })), failures: [] };
    process.after(LOAD_MS, () => this.#say({ type: "loaded", loaded }));
  }

  post(message: ToIsolate): void {
    switch (message.type) {
      case "call": {
        const { call } = message;
        this.#running = this.#runs.begin(call, (outcome) => this.#done(call, outcome));
        return;
      }
      case "ahead":
        throw new Error("it has no claims, and so no calls ahead");
      case "abort":
        if (this.#running?.call.call === message.call) this.#runs.abort(this.#running);
        return;
    }
  }

  kill(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    if (this.#running !== undefined) this.#runs.cut(this.#running, "killed");
    this.#process.after(1, () => this.#events.ended("killed"));
  }

  #done({ call }: FilterCall, outcome: CallOutcome): void {
    this.#running = undefined;
    if (outcome.status !== "crashed") return this.#say({ type: "done", call, outcome });
    this.#isDead = true;
    this.#process.after(1, () => this.#events.ended(outcome.reason));
  }

  #say(message: FromIsolate): void {
    if (!this.#isDead) this.#events.message(message);
  }
}

export { IsolatePool };
