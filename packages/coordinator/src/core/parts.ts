import {
  cutFor,
  partIdOf,
  signalOf,
  Stepper,
  stepperProgram,
  subPlan,
  valueOfSource,
} from "@planwire/plan";
import type { Cut, End, Leaf, LeafOutcome, StepResult } from "@planwire/plan";
import type {
  PlanResult,
  PlanwireError,
  SerializedPlan,
  Value,
  WireError,
} from "@planwire/protocol";
import type { StoredCut } from "../store/store.js";
import { cancelledEnding, noteStop } from "./stop-how.js";
import { isImpossible, needsOf, openToInherited, uncutNeedsOf } from "./needs.js";
import { waitNoMore } from "./retries.js";
import type { CoreState, Execution, Needs, Part, Turn } from "./state.js";
import type { Ending } from "./task.js";

/** Makes the parts with which an execution begins, and hands out those for which there is a slot. */
export function beginParts(turn: Turn, execution: Execution): void {
  const { state } = turn;
  const { kind, plan, planId } = execution;
  const needs = needsOfWhole(state, execution);
  const apart = openToInherited(state, plan);
  // What is for workers of ours alone runs whole, and so does what is for whoever comes first, and every stream.
  const isForOneKind = kind === "stream" || apart.size === 0 || needs.inherited;
  const cut = cutFor(plan, { inherited: false });
  if (cut.kind === "whole" && isForOneKind && !isImpossible(needs)) {
    const part = wholePart(state, execution, partIdOf(planId, ""), needs);
    turn.agenda.push({ do: "dispatchPart", part });
    return;
  }
  walkBy(turn, execution, cutFor(plan, { inherited: false, apart }));
}

export function wholePart(
  state: CoreState,
  execution: Execution,
  partId: string,
  needs = needsOfWhole(state, execution),
): Part {
  const { plan: own } = execution;
  const plan = own.plan_id === partId ? own : { ...own, plan_id: partId };
  return addPart(state, execution, partId, undefined, plan, needs);
}

function needsOfWhole(state: CoreState, { kind, plan }: Execution): Needs {
  return (kind === "stream" ? uncutNeedsOf : needsOf)(state, plan);
}

/** Walks the plan here, part by part. Only while no part of it has an outcome. */
export function walkBy(turn: Turn, execution: Execution, how: Cut): void {
  const trainable = trainableIn(turn.state, execution.plan);
  const cut = how.kind === "whole" || trainable.length === 0 ? how : { ...how, trainable };
  execution.cut = cut;
  execution.cutIsWritten = false;
  execution.parts.clear();
  execution.stepper = stepperFor(turn.state, execution, cut);
  const input = inputOf(execution.plan);
  follow(turn, execution, execution.stepper.begin(input, input && signalOf(input)));
}

export function stepperFor(state: CoreState, { plan }: Execution, cut: StoredCut): Stepper<Value> {
  const program = stepperProgram<Value>({
    plan: plan.plan,
    edges: plan.edges,
    armKeys: plan.arm_keys,
    mode: isFit(plan) ? "Fit" : "Forward",
    trainable: (cut.kind !== "whole" && cut.trainable) || trainableIn(state, plan),
    states: statesOf(plan),
    atomic: cut.kind === "subtrees" ? cut.paths : cut.kind === "whole" ? [[]] : [],
  });
  return new Stepper(program);
}

function isFit({ mode }: SerializedPlan): boolean {
  return mode !== undefined && mode !== null && mode !== "Forward";
}

export function inputOf(plan: SerializedPlan): Value | undefined {
  if (!plan.input) return undefined;
  if (plan.input.source === "Inline") return plan.input.value;
  const { data_ref } = plan.input;
  return data_ref.type === "Inline" ? data_ref.value : undefined;
}

function trainableIn(state: CoreState, plan: SerializedPlan): string[] {
  const pickled = (plan.filters ?? []).filter(({ trainable }) => trainable);
  const bound = (plan.bindings ?? []).filter(({ uses }) => isTrainable(state, uses));
  return [...pickled, ...bound].map(({ node_id }) => node_id);
}

export function isTrainable(state: CoreState, filter: string): boolean {
  return state.everOffered.get(filter) === "Trainable";
}

function statesOf(plan: SerializedPlan): Record<string, Value> {
  const entries = [...(plan.filters ?? []), ...(plan.bindings ?? [])].flatMap(
    ({ node_id, state }): [string, Value][] =>
      // Towards an inherited peer Empty stands for no state.
      state && state.type !== "Empty" ? [[node_id, state]] : [],
  );
  return Object.fromEntries(entries);
}

/** Does what the stepper asks for. */
export function follow(turn: Turn, execution: Execution, step: StepResult<Value>): void {
  if (step.end) {
    turn.agenda.push({ do: "finish", execution, ending: endingOf(execution, step.end) });
    return;
  }
  for (const key of step.cancel) {
    const part = execution.parts.get(partIdOf(execution.planId, key));
    if (part) stopPart(turn, part);
  }
  startLeaves(turn, execution, step.start);
}

/** What ends at once comes last: it may stop those that were to start with it. */
function startLeaves(turn: Turn, execution: Execution, leaves: readonly Leaf<Value>[]): void {
  if (execution.outcome) return;
  for (const leaf of leaves) {
    if (leaf.kind === "cached") continue;
    turn.agenda.push({ do: "dispatchPart", part: leafPart(turn.state, execution, leaf) });
  }
  for (const { kind, key, nodeId = "" } of leaves) {
    if (kind !== "cached") continue;
    const message = `nothing is cached for node "${nodeId}"`;
    completeLeaf(turn, execution, key, failed("CACHE_MISS", message));
  }
}

/** The leaf as a part of its own, with its input and state inlined. */
export function leafPart(state: CoreState, execution: Execution, leaf: Leaf<Value>): Part {
  const input = valueOfSource(leaf.input, (value) => value);
  const plan = subPlan(execution.plan, leaf, { input, state: leaf.state });
  const needs = (leaf.kind === "part" ? uncutNeedsOf : needsOf)(state, plan, leaf.target);
  return addPart(state, execution, plan.plan_id, leaf, plan, needs);
}

function addPart(
  state: CoreState,
  execution: Execution,
  partId: string,
  leaf: Leaf<Value> | undefined,
  plan: SerializedPlan,
  needs: Needs,
): Part {
  const part: Part = {
    partId,
    execution,
    leaf,
    plan,
    needs,
    order: ++state.lastNumber.part,
    attempt: 0,
    workerId: undefined,
    setbacks: undefined,
  };
  execution.parts.set(partId, part);
  return part;
}

/** A part's result, taken into the plan's walk. */
export function partEnded(turn: Turn, part: Part, result: PlanResult): void {
  const { execution, leaf, partId } = part;
  // It may have ended twice in one step: lost, and stopped.
  if (execution.parts.get(partId) !== part) return;
  execution.parts.delete(partId);
  noteStop(execution, result);
  if (leaf) return completeLeaf(turn, execution, leaf.key, leafOutcomeOf(result));
  turn.agenda.push({ do: "finish", execution, ending: wholeEndingOf(execution, result) });
}

function completeLeaf(
  turn: Turn,
  execution: Execution,
  key: string,
  outcome: LeafOutcome<Value>,
): void {
  const { stepper } = execution;
  if (stepper && !execution.outcome) follow(turn, execution, stepper.complete(key, outcome));
}

/** A part that is not wanted any more. Queued, it ends at once; assigned, when its worker says so. */
export function stopPart(turn: Turn, part: Part): void {
  if (part.workerId !== undefined) {
    turn.agenda.push({ do: "stopHolding", part });
    return;
  }
  waitNoMore(turn, part);
  partEnded(turn, part, { status: "Cancelled", duration_ms: 0, how: "queued" });
}

/** What a part ends with that could not even be sent. */
export function unsendable({ code, message, retryable }: PlanwireError): PlanResult {
  return { status: "Failed", error: message, duration_ms: 0, code, retryable };
}

export function leafOutcomeOf(result: PlanResult): LeafOutcome<Value> {
  switch (result.status) {
    case "Success": {
      const { output, states } = result;
      return { status: "done", output, signal: signalOf(output), ...(states && { states }) };
    }
    case "Failed":
      return { status: "failed", error: errorOf(result) };
    case "Cancelled":
      return { status: "cancelled" };
  }
}

/** A peer of the inherited wire may send states of a Forward, too; only a fit's are its outcome. */
function wholeEndingOf(execution: Execution, result: PlanResult): Ending {
  switch (result.status) {
    case "Success": {
      const states = isFit(execution.plan) ? (result.states ?? {}) : {};
      return { status: "Succeeded", output: result.output, states };
    }
    case "Failed":
      return { status: "Failed", error: errorOf(result) };
    case "Cancelled":
      return cancelledEnding(execution);
  }
}

function endingOf(execution: Execution, end: End<Value>): Ending {
  switch (end.status) {
    case "Succeeded":
      return { ...end, output: valueOfSource(end.output, (value) => value) };
    case "Failed":
      return end;
    case "Cancelled":
      return cancelledEnding(execution);
  }
}

/** An inherited peer says only what went wrong, in words: that is its filter's error. */
function errorOf(result: Extract<PlanResult, { status: "Failed" }>): WireError {
  const { error, code = "FILTER_ERROR", retryable = false, node_id, cause, details, hint } = result;
  return {
    code,
    message: error,
    retryable,
    ...(node_id !== undefined && { node_id }),
    ...(cause !== undefined && { cause }),
    ...(details !== undefined && { details }),
    ...(hint !== undefined && { hint }),
  };
}

function failed(code: string, message: string): LeafOutcome<Value> {
  return { status: "failed", error: { code, message, retryable: false } };
}
