import { NO_SIGNAL, type Signal } from "../signal.js";
import { nodeIdsOf, planAt } from "../tree.js";
import { fitWithoutState, internalFault } from "./failures.js";
import type { LeafOutcome, StepResult } from "./leaf.js";
import type { StepperProgram } from "./options.js";
import { emptyFlow, valueFlow } from "./source.js";
import { newState, type RunningLeaf, type StepperState } from "./state.js";
import { Walk } from "./walk.js";

/**
 * Walks a plan. It runs nothing: each call says which leaves to start and to cancel, and the driver answers every
 * started leaf with one `complete`, a cancelled one too. Synchronous, and deterministic in the order of its calls;
 * values are opaque handles of type H.
 */
export class Stepper<H> {
  readonly #program: StepperProgram<H>;
  readonly #state: StepperState<H>;

  /** `state` is one that an earlier stepper of the same program had: this one goes on from there. */
  constructor(program: StepperProgram<H>, state: StepperState<H> = newState()) {
    this.#program = program;
    this.#state = state;
  }

  /** Plain data that each step changes: structuredClone it to keep it. */
  get state(): Readonly<StepperState<H>> {
    return this.#state;
  }

  /**
   * `input` undefined means Empty. Its signal counts where it comes out of a Loop's pass unchanged; without it a Loop
   * could stop in one cut of the plan and go on in another, so a driver that has the value gives `signalOf` it.
   */
  begin(input: H | undefined, signal: Signal = NO_SIGNAL): StepResult<H> {
    const state = this.#state;
    if (state.phase !== "new")
      throw internalFault(`begin was called on a stepper that is ${state.phase}`);
    state.phase = "running";
    state.input = input === undefined ? emptyFlow() : valueFlow(input, signal);
    return this.#step((walk) => walk.enterRoot());
  }

  /** Throws INTERNAL for a leaf that was never started or was completed before, and changes nothing then. */
  complete(key: string, outcome: LeafOutcome<H>): StepResult<H> {
    const { leaves, phase } = this.#state;
    const leaf = leaves.get(key);
    if (leaf === undefined)
      throw internalFault(`no leaf "${key}" is running: it ended or never started`);
    leaves.delete(key);
    if (phase !== "running") return { start: [], cancel: [], ...this.#endWhenQuiet() };
    return this.#step((walk) => this.#take(walk, leaf, outcome));
  }

  /** Ends Cancelled when all started leaves are completed. Changes nothing once the plan has failed or ended. */
  cancel(): StepResult<H> {
    const state = this.#state;
    if (state.phase !== "new" && state.phase !== "running") return { start: [], cancel: [] };
    state.phase = "cancelling";
    return this.#stopped();
  }

  #step(happened: (walk: Walk<H>) => void): StepResult<H> {
    const walk = new Walk(this.#program, this.#state);
    happened(walk);
    walk.run();
    const { phase, leaves, fitted } = this.#state;
    if (phase === "running") return { start: walk.started, cancel: [] };
    if (walk.output === undefined) {
      for (const { key } of walk.started) leaves.delete(key);
      return this.#stopped();
    }
    const states = Object.fromEntries(fitted);
    return { start: [], cancel: [], end: { status: "Succeeded", output: walk.output, states } };
  }

  #take(walk: Walk<H>, leaf: RunningLeaf<H>, outcome: LeafOutcome<H>): void {
    switch (outcome.status) {
      case "failed":
        return walk.fail(leaf.place.path, outcome.error);
      case "cancelled":
        // Nobody here asked for it: whoever did wants the plan gone.
        this.#state.phase = "cancelling";
        return;
      case "done":
        return this.#takeDone(walk, leaf, outcome);
    }
  }

  #takeDone(walk: Walk<H>, leaf: RunningLeaf<H>, outcome: Done<H>): void {
    const { nodeId, place, role } = leaf;
    this.#takeStates(leaf, outcome.states ?? {});
    if (leaf.op === "fit" && nodeId !== undefined) {
      const state = this.#state.fitted.get(nodeId);
      if (state === undefined) return walk.fail(place.path, fitWithoutState(nodeId));
      return walk.startForward(leaf, nodeId, state);
    }
    if (role === "condition") return walk.takeArm(place, outcome.signal);
    walk.leave(place, valueFlow(outcome.output, outcome.signal));
  }

  /** Only of the nodes that this leaf was to fit: a peer may send more. */
  #takeStates(leaf: RunningLeaf<H>, states: Record<string, H>): void {
    const { fitted } = this.#state;
    if (leaf.op === "fit" && leaf.nodeId !== undefined) fitted.delete(leaf.nodeId);
    for (const nodeId of this.#fittedBy(leaf)) {
      const state = Object.hasOwn(states, nodeId) ? states[nodeId] : undefined;
      if (state !== undefined) fitted.set(nodeId, state);
    }
  }

  #fittedBy({ op, nodeId, place }: RunningLeaf<H>): readonly string[] {
    if (this.#program.mode !== "Fit" || op === "forward") return [];
    if (op === "fit") return nodeId === undefined ? [] : [nodeId];
    return nodeIdsOf(planAt(this.#program.plan, place.path) ?? "Empty");
  }

  #stopped(): StepResult<H> {
    this.#state.frames.clear();
    return { start: [], cancel: [...this.#state.leaves.keys()], ...this.#endWhenQuiet() };
  }

  #endWhenQuiet(): Pick<StepResult<H>, "end"> {
    const state = this.#state;
    if (state.leaves.size > 0) return {};
    const { error } = state;
    state.phase = "ended";
    return { end: error === undefined ? { status: "Cancelled" } : { status: "Failed", error } };
  }
}

type Done<H> = Extract<LeafOutcome<H>, { status: "done" }>;
