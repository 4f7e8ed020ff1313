import type { SerializedPlan, Value, WireError } from "@planwire/protocol";
import { cutFor, type Cut } from "../cut/cut.js";
import { subPlan } from "../cut/sub-plan.js";
import { signalOf } from "../signal.js";
import type { End, Leaf, LeafOutcome, StepResult } from "../stepper/leaf.js";
import { stepperProgram, type StepperOptions } from "../stepper/options.js";
import { valueOfSource } from "../stepper/source.js";
import { Stepper } from "../stepper/stepper.js";
import { FakeFailure, type FakeFilters } from "./fake-filters.js";

/** A driver for tests: handles are the values themselves, and `pick` says which running leaf ends next. */
export interface Drive {
  plan: SerializedPlan;
  filters: FakeFilters;
  trainable: readonly string[];
  /** A number below `count`. */
  pick: (count: number) => number;
  onArmFailure?: StepperOptions<Value>["onArmFailure"];
  /** Cut for such a worker, every part being run by a driver of its own; leaf by leaf without. */
  peer?: { inherited: boolean };
}

export type Completion = [key: string, outcome: LeafOutcome<Value>];

/** Runs a plan to its end, and holds the stepper to its word at each step. */
export function runPlan(drive: Drive): { end: End<Value>; completions: Completion[] } {
  const stepper = stepperOf(drive);
  const running = new Running();
  const completions: Completion[] = [];
  let step = begin(stepper, drive.plan);
  for (;;) {
    running.take(step);
    if (step.end !== undefined) return { end: step.end, completions };
    const leaf = running.end(drive.pick(running.size));
    const outcome = outcomeOf(drive, leaf);
    completions.push([leaf.key, outcome]);
    step = stepper.complete(leaf.key, outcome);
  }
}

export function stepperOf(drive: Drive): Stepper<Value> {
  const { plan, trainable, onArmFailure } = drive;
  const cut = drive.peer === undefined ? { kind: "leaves" as const } : cutFor(plan, drive.peer);
  const program = stepperProgram<Value>({
    plan: plan.plan,
    edges: plan.edges,
    armKeys: plan.arm_keys,
    mode: plan.mode == null || plan.mode === "Forward" ? "Forward" : "Fit",
    trainable,
    states: statesIn(plan),
    atomic: atomicOf(cut),
    onArmFailure,
  });
  return new Stepper(program);
}

export function begin(stepper: Stepper<Value>, { input }: SerializedPlan): StepResult<Value> {
  if (input?.source !== "Inline") return stepper.begin(undefined);
  return stepper.begin(input.value, signalOf(input.value));
}

export function statesIn(plan: SerializedPlan): Record<string, Value> {
  return Object.fromEntries(
    (plan.bindings ?? []).flatMap(({ node_id, state }) => (state ? [[node_id, state]] : [])),
  );
}

/** What a driver has started and not completed. */
export class Running {
  readonly #leaves = new Map<string, Leaf<Value>>();
  readonly #seen = new Set<string>();
  readonly #cancelled = new Set<string>();

  get size(): number {
    return this.#leaves.size;
  }

  take({ start, cancel, end }: StepResult<Value>): void {
    for (const key of cancel) {
      if (!this.#leaves.has(key)) throw new Error(`cancels "${key}", which is not running`);
      if (this.#cancelled.has(key)) throw new Error(`cancels "${key}" twice`);
      this.#cancelled.add(key);
    }
    if (start.length > 0 && this.#cancelled.size > 0) throw new Error("starts after a cancel");
    for (const leaf of start) {
      if (this.#seen.has(leaf.key)) throw new Error(`starts "${leaf.key}" twice`);
      this.#seen.add(leaf.key);
      this.#leaves.set(leaf.key, leaf);
    }
    if (end !== undefined && this.size > 0) throw new Error("ends with leaves left");
    if (end === undefined && this.size === 0) throw new Error("waits for nothing");
  }

  end(index: number): Leaf<Value> {
    const leaf = [...this.#leaves.values()][index];
    if (leaf === undefined) throw new Error(`no running leaf ${index}`);
    this.#leaves.delete(leaf.key);
    return leaf;
  }
}

function atomicOf(cut: Cut): StepperOptions<Value>["atomic"] {
  switch (cut.kind) {
    case "whole":
      return [[]];
    case "subtrees":
      return cut.paths;
    case "leaves":
      return [];
  }
}

export function outcomeOf(drive: Drive, leaf: Leaf<Value>): LeafOutcome<Value> {
  const input = valueOfSource(leaf.input, (value) => value);
  if (drive.peer !== undefined) return outcomeOfPart(drive, leaf, input);
  try {
    return call(drive.filters, leaf, input);
  } catch (error) {
    if (!(error instanceof FakeFailure)) throw error;
    return { status: "failed", error: wireError(error) };
  }
}

function call(filters: FakeFilters, leaf: Leaf<Value>, input: Value): LeafOutcome<Value> {
  const { nodeId = "", kind, op } = leaf;
  if (op === "fit") {
    const states = { [nodeId]: filters.fit(nodeId, input) };
    return { status: "done", output: { type: "Empty" }, signal: { stop: true }, states };
  }
  const output =
    kind === "cached" ? filters.cached(nodeId) : filters.forward(nodeId, input, leaf.state);
  return { status: "done", output, signal: signalOf(output) };
}

/** As a worker would: from nothing but the plan that it is sent. */
function outcomeOfPart(drive: Drive, leaf: Leaf<Value>, input: Value): LeafOutcome<Value> {
  const plan = subPlan(drive.plan, leaf, { input, state: leaf.state });
  const { peer: _, ...inside } = { ...drive, plan };
  const { end } = runPlan(inside);
  switch (end.status) {
    case "Succeeded": {
      const output = valueOfSource(end.output, (value) => value);
      return { status: "done", output, signal: signalOf(output), states: end.states };
    }
    case "Failed":
      return { status: "failed", error: end.error };
    case "Cancelled":
      return { status: "cancelled" };
  }
}

function wireError({ nodeId, message }: FakeFailure): WireError {
  return { code: "FILTER_ERROR", message, retryable: false, node_id: nodeId };
}
