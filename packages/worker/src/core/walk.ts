import { Stepper, valueOfSource, type Leaf, type Source, type StepResult } from "@planwire/plan";
import { ERRORS, EMPTY, type SerializedPlan, type Value, type WireError } from "@planwire/protocol";
import { startCall, stopCall, type Completion } from "./calls.js";
import type { PlanProgram } from "./offers.js";
import type { Chunk, Run, Turn, Walk, WalkEnd, WorkerState } from "./state.js";

export function newWalk(run: Run, plan: SerializedPlan, program: PlanProgram, chunk?: Chunk): Walk {
  const mode = plan.mode ?? "Forward";
  const y = mode === "Forward" ? undefined : (mode.Fit.y ?? undefined);
  return {
    run,
    chunk,
    program,
    y,
    stepper: new Stepper(program.steps),
    calls: new Map(),
    stopped: undefined,
  };
}

export function beginWalk(
  state: WorkerState,
  turn: Turn,
  walk: Walk,
  input: Value | undefined,
): WalkEnd | undefined {
  return advance(state, turn, walk, walk.stepper.begin(input));
}

export function completeLeaf(
  state: WorkerState,
  turn: Turn,
  { walk, leaf, outcome }: Completion,
): WalkEnd | undefined {
  return advance(state, turn, walk, walk.stepper.complete(leaf, outcome));
}

export function cancelWalk(state: WorkerState, turn: Turn, walk: Walk): WalkEnd | undefined {
  return advance(state, turn, walk, walk.stepper.cancel());
}

export function readSource(source: Source<Value>): Value {
  return valueOfSource(source, (value) => value);
}

/** Carries out what the stepper says. Leaves that end at once are answered in the same breath. */
function advance(
  state: WorkerState,
  turn: Turn,
  walk: Walk,
  result: StepResult<Value>,
): WalkEnd | undefined {
  const results = [result];
  let end: WalkEnd | undefined;
  for (let next = results.pop(); next !== undefined; next = results.pop()) {
    for (const key of next.cancel) {
      const call = walk.calls.get(key);
      if (call !== undefined) stopCall(state, turn, call, "cancel");
    }
    for (const leaf of next.start) {
      const error = startLeaf(state, turn, walk, leaf);
      if (error !== undefined) {
        results.push(walk.stepper.complete(leaf.key, { status: "failed", error }));
      }
    }
    end ??= next.end;
  }
  return end;
}

/** Starts a leaf's call, or says why that can't be. */
function startLeaf(
  state: WorkerState,
  turn: Turn,
  walk: Walk,
  leaf: Leaf<Value>,
): WireError | undefined {
  const { nodeId = "", op } = leaf;
  if (leaf.kind === "cached") return failure("CACHE_MISS", nodeId, "there is no cached output");
  const node = walk.program.nodes.get(nodeId);
  if (node === undefined || op === "whole") {
    return failure("INTERNAL", nodeId, `no filter for leaf "${leaf.key}"`);
  }
  const input = readSource(leaf.input);
  startCall(state, turn, walk, { leaf: leaf.key, node, nodeId, op, input, state: leaf.state });
  return undefined;
}

function failure(code: "CACHE_MISS" | "INTERNAL", nodeId: string, what: string): WireError {
  const { retryable } = ERRORS[code];
  return { code, message: `node "${nodeId}": ${what}`, retryable, node_id: nodeId };
}

/** The value that a plan's input stands for; undefined when it has none. Only what lies in the message resolves. */
export function inputOf(plan: SerializedPlan): { value: Value | undefined } | { error: WireError } {
  const { input } = plan;
  if (input === null || input === undefined) return { value: undefined };
  if (input.source === "Inline") return { value: input.value };
  if (input.data_ref.type === "Inline") return { value: input.data_ref.value ?? EMPTY };
  const message = `the plan's input is a ${input.data_ref.type} reference, which this worker does not resolve`;
  const hint = "send the input inline";
  return { error: { code: "DATA_REF_REFUSED", message, retryable: false, hint } };
}
