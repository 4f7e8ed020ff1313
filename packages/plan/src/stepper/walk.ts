import { LIMITS, type ExecutionPlan, type WireError } from "@planwire/protocol";
import { armKeyOf, childrenOf, holdsStep, membersOf, ownIdOf, planAt, type Path } from "../tree.js";
import { innerTarget, stepTargetsOf } from "../target.js";
import { internalFault, noMatchingArm, predecessorNotEnded, stateMissing } from "./failures.js";
import { leafKeyOf, type Leaf } from "./leaf.js";
import type { StepperProgram } from "./options.js";
import { recordFlow, type Flow, type Source } from "./source.js";
import {
  childPlace,
  frameKeyOf,
  ROOT,
  type ArmEnd,
  type Frame,
  type Place,
  type RunningLeaf,
  type StepperState,
} from "./state.js";

type Task<H> =
  | { do: "enter"; place: Place; input: Flow<H> }
  | { do: "leave"; place: Place; output: Flow<H> };

/**
 * One step's way through the tree: from what just happened to the leaves that may start now.
 * A queue instead of recursion, so that neither depth nor length of a plan can overflow the stack.
 */
export class Walk<H> {
  readonly started: Leaf<H>[] = [];
  /** The plan's output, once its root has ended. */
  output: Source<H> | undefined;
  readonly #program: StepperProgram<H>;
  readonly #state: StepperState<H>;
  readonly #tasks: Task<H>[] = [];

  constructor(program: StepperProgram<H>, state: StepperState<H>) {
    this.#program = program;
    this.#state = state;
  }

  /** Goes on until only leaves are left to wait for, or the plan has ended or stops. */
  run(): void {
    for (let next = 0; next < this.#tasks.length; next++) {
      if (this.#state.phase !== "running") return;
      const task = this.#tasks[next] as Task<H>;
      if (task.do === "enter") this.#enter(task.place, task.input);
      else this.#leave(task.place, task.output);
    }
  }

  enterRoot(): void {
    this.#tasks.push({ do: "enter", place: ROOT, input: this.#state.input });
  }

  leave(place: Place, output: Flow<H>): void {
    this.#tasks.push({ do: "leave", place, output });
  }

  /** The forward of a node that was just fitted: same input, same place. */
  startForward(leaf: RunningLeaf<H>, nodeId: string, state: H): void {
    this.#startNode({ ...leaf, op: "forward" }, nodeId, state);
  }

  /** The condition of a Branch has ended: its arm gets the Branch's input. */
  takeArm(place: Place, signal: Flow<H>["signal"]): void {
    const frame = this.#frameAt(place.path);
    const plan = this.#planAt(place.path);
    if (frame.kind !== "branch" || plan === "Empty" || !("Branch" in plan)) {
      throw internalFault(`no Branch waits at path "${frameKeyOf(place.path)}"`);
    }
    const labels = plan.Branch.arms.map(([label]) => label);
    const arm = [signal.arm, "default", "else"]
      .map((label) => (label === undefined ? -1 : labels.indexOf(label)))
      .find((index) => index !== -1);
    if (arm === undefined) {
      return this.fail(place.path, noMatchingArm(plan.Branch.node_id, signal.arm, labels));
    }
    this.#tasks.push({ do: "enter", place: childPlace(place, arm), input: frame.input });
  }

  /** Without collecting, the first failure is the plan's. Else it waits at the nearest join around it. */
  fail(path: Path, error: WireError): void {
    const join = this.#program.collects ? this.#dropToJoin(path) : undefined;
    if (join !== undefined) return this.#endArm(join.frame, join.arm, { status: "failed", error });
    this.#state.phase = "failing";
    this.#state.error = error;
  }

  #enter(place: Place, input: Flow<H>): void {
    const plan = this.#planAt(place.path);
    const id = ownIdOf(plan);
    const wired = id === undefined ? input : this.#wired(id, input, place);
    if (wired === undefined) return;
    if (this.#isAtomic(place.path)) return this.#startPart(plan, place, wired);
    if (plan === "Empty") return this.leave(place, wired);
    if ("Execute" in plan) {
      const leaf: RunningLeaf<H> = { place, role: "node", op: "forward", input: wired };
      return this.#reachNode(leaf, plan.Execute.node_id);
    }
    if ("Cached" in plan) return this.#startCached(plan, place, wired);
    this.#open(plan, place, wired);
  }

  /** An element with children: a frame keeps where it stands. */
  #open(plan: Exclude<ExecutionPlan, "Empty">, place: Place, input: Flow<H>): void {
    if ("Branch" in plan) {
      this.#keep({ kind: "branch", place, input });
      const leaf: RunningLeaf<H> = { place, role: "condition", op: "forward", input };
      return this.#reachNode(leaf, plan.Branch.node_id);
    }
    if ("Loop" in plan) {
      const { body, max_iterations: most } = plan.Loop;
      // Without a step every pass is as the first one.
      const passes = holdsStep(body) ? (most ?? LIMITS.loopIterations) : 1;
      this.#keep({ kind: "loop", place, pass: 0, passes });
      return this.#enterChild(nextPass(place, 0), input);
    }
    if ("Remote" in plan) {
      this.#keep({ kind: "remote", place });
      const target = innerTarget(plan, place.target);
      return this.#enterChild({ ...childPlace(place, 0), target }, input);
    }
    if ("Parallel" in plan) return this.#openParallel(plan.Parallel.length, place, input);
    const length = "Sequence" in plan ? plan.Sequence.length : membersOf(plan).length;
    if (length === 0) return this.leave(place, input);
    this.#keep({ kind: "sequence", place, child: 0, length });
    this.#enterChild(childPlace(place, 0), input);
  }

  #openParallel(arms: number, place: Place, input: Flow<H>): void {
    if (arms === 0) return this.leave(place, recordFlow([]));
    this.#keep({ kind: "parallel", place, arms: Array(arms).fill(undefined), open: arms });
    for (let arm = 0; arm < arms; arm++) this.#enterChild(childPlace(place, arm), input);
  }

  #enterChild(place: Place, input: Flow<H>): void {
    this.#tasks.push({ do: "enter", place, input });
  }

  #leave(place: Place, output: Flow<H>): void {
    this.#rememberOutput(place.path, output);
    if (place.path.length === 0) {
      this.#state.phase = "ended";
      this.output = output.source;
      return;
    }
    const frame = this.#frameAt(place.path.slice(0, -1));
    switch (frame.kind) {
      case "sequence":
        if (++frame.child === frame.length) return this.#close(frame, output);
        return this.#enterChild(childPlace(frame.place, frame.child), output);
      case "parallel":
        return this.#endArm(frame, place.path.at(-1) as number, { status: "done", output });
      case "loop":
        if (output.signal.stop || ++frame.pass >= frame.passes) return this.#close(frame, output);
        return this.#enterChild(nextPass(frame.place, frame.pass), output);
      case "branch":
      case "remote":
        return this.#close(frame, output);
    }
  }

  #endArm(frame: ParallelFrame<H>, arm: number, end: ArmEnd<H>): void {
    frame.arms[arm] = end;
    if (--frame.open > 0) return;
    const failed = frame.arms.find((other) => other?.status === "failed");
    if (failed?.status === "failed") {
      this.#state.frames.delete(frameKeyOf(frame.place.path));
      return this.fail(frame.place.path, failed.error);
    }
    this.#close(frame, recordFlow(this.#armEntries(frame)));
  }

  #armEntries(frame: ParallelFrame<H>): [string, Flow<H>][] {
    const { path } = frame.place;
    const keys = this.#program.armKeys.get(frameKeyOf(path));
    const arms = childrenOf(this.#planAt(path));
    return frame.arms.flatMap((end, index): [string, Flow<H>][] => {
      const arm = arms[index];
      if (end?.status !== "done" || arm === undefined) return [];
      return [[keys?.[index] ?? armKeyOf(arm, index), end.output]];
    });
  }

  /** Forgets what is under way between a failed place and the nearest Parallel around it. */
  #dropToJoin(path: Path): { frame: ParallelFrame<H>; arm: number } | undefined {
    const { frames } = this.#state;
    frames.delete(frameKeyOf(path));
    for (let depth = path.length - 1; depth >= 0; depth--) {
      const key = frameKeyOf(path.slice(0, depth));
      const frame = frames.get(key);
      if (frame?.kind === "parallel") return { frame, arm: path[depth] as number };
      frames.delete(key);
    }
    return undefined;
  }

  #close(frame: Frame<H>, output: Flow<H>): void {
    this.#state.frames.delete(frameKeyOf(frame.place.path));
    this.leave(frame.place, output);
  }

  /** Fit fits a trainable node before it forwards it; Forward needs its state. */
  #reachNode(leaf: RunningLeaf<H>, nodeId: string): void {
    const { mode, states, trainable } = this.#program;
    const isTrainable = trainable.has(nodeId);
    if (mode === "Fit" && isTrainable) return this.#startNode({ ...leaf, op: "fit" }, nodeId);
    const state = states.get(nodeId);
    if (isTrainable && state === undefined) {
      return this.fail(leaf.place.path, stateMissing(nodeId));
    }
    this.#startNode(leaf, nodeId, state);
  }

  #startNode(running: RunningLeaf<H>, nodeId: string, state?: H): void {
    // Field by field: what is added behind a spread takes V8's slow path (measured: half a microsecond and more).
    const { place, op, role, input } = running;
    const plan = { Execute: { node_id: nodeId } };
    const what = { kind: "execute", nodeId, plan } as const;
    this.#start(
      { place, op, role, nodeId, input },
      state === undefined ? what : { state, ...what },
    );
  }

  #startCached(plan: Extract<ExecutionPlan, { Cached: unknown }>, place: Place, input: Flow<H>) {
    const { node_id: nodeId, key: cacheKey } = plan.Cached;
    const running: RunningLeaf<H> = { place, role: "node", op: "forward", nodeId, input };
    this.#start(running, { kind: "cached", nodeId, plan, cacheKey });
  }

  #startPart(plan: ExecutionPlan, place: Place, input: Flow<H>): void {
    const [target, ...others] = stepTargetsOf(plan, place.target);
    const sole = others.length === 0 ? target : place.target;
    const running: RunningLeaf<H> = { place, role: "part", op: "whole", input };
    this.#start({ ...running, place: { ...place, target: sole } }, { kind: "part", plan });
  }

  #start(
    running: RunningLeaf<H>,
    what: Pick<Leaf<H>, "kind" | "nodeId" | "plan" | "state" | "cacheKey">,
  ): void {
    const { op, input, place } = running;
    const { path, passes, target } = place;
    const key = leafKeyOf(path, passes, op);
    this.#state.leaves.set(key, running);
    const leaf: Leaf<H> = { key, path, passes, op, input: input.source, ...what };
    this.started.push(target === undefined ? leaf : { ...leaf, target });
  }

  /** The input of a node with edges; undefined when the plan failed over them. */
  #wired(nodeId: string, before: Flow<H>, place: Place): Flow<H> | undefined {
    const predecessors = this.#program.edges.get(nodeId);
    if (predecessors === undefined) return before;
    const entries: [string, Flow<H>][] = [];
    for (const predecessor of predecessors) {
      const output = this.#state.outputs.get(predecessor);
      if (output === undefined) {
        this.fail(place.path, predecessorNotEnded(nodeId, predecessor));
        return undefined;
      }
      entries.push([predecessor, output]);
    }
    const [first, ...others] = entries;
    if (first === undefined) return this.#state.input;
    return others.length === 0 ? first[1] : recordFlow(entries);
  }

  #rememberOutput(path: Path, output: Flow<H>): void {
    const { predecessors } = this.#program;
    if (predecessors.size === 0) return;
    const id = ownIdOf(this.#planAt(path));
    if (id !== undefined && predecessors.has(id)) this.#state.outputs.set(id, output);
  }

  #isAtomic(path: Path): boolean {
    return this.#program.atomic.size > 0 && this.#program.atomic.has(frameKeyOf(path));
  }

  #planAt(path: Path): ExecutionPlan {
    return planAt(this.#program.plan, path) ?? "Empty";
  }

  #frameAt(path: Path): Frame<H> {
    const frame = this.#state.frames.get(frameKeyOf(path));
    if (frame === undefined) throw internalFault(`nothing waits at path "${frameKeyOf(path)}"`);
    return frame;
  }

  #keep(frame: Frame<H>): void {
    this.#state.frames.set(frameKeyOf(frame.place.path), frame);
  }
}

/** The body of a Loop, once more. */
function nextPass(place: Place, pass: number): Place {
  return { ...childPlace(place, 0), passes: [...place.passes, pass] };
}

type ParallelFrame<H> = Extract<Frame<H>, { kind: "parallel" }>;
