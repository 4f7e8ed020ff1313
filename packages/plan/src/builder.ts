import { isName, PlanwireError } from "@planwire/protocol";
import { describe } from "./describe.js";
import { bindStates } from "./states.js";
import {
  checkName,
  inSequence,
  isStep,
  lastFilter,
  nodeOf,
  renameLast,
  STEP_BRAND,
  type ParallelArm,
  type StepNode,
} from "./step-node.js";
import type {
  AnyPlan,
  AnyStep,
  BranchBuilder,
  LoopBuilder,
  ParallelBuilder,
  PlanStart,
  RemoteBuilder,
} from "./step.types.js";

/** Nothing here may be called `then`: a plan must be safe to await. */
function planStep(node: StepNode, planName?: string): AnyPlan {
  const step = {
    ...(planName !== undefined && { planName }),
    pipe: (next: AnyStep) => planStep(inSequence(node, nodeOf(next, ".pipe(step)")), planName),
    as: (id: string) => planStep(renameLast(node, checkName(id, "a node's id")), planName),
    withStates: (states: unknown) => planStep(bindStates(node, states), planName),
    [STEP_BRAND]: node,
  };
  // "~types" exists for the compiler only.
  return Object.freeze(step) as unknown as AnyPlan;
}

/** Starts a plan: `plan("tidy").pipe(clean).pipe(scale)`. The name is shown wherever the plan is. */
export function plan(name: string): PlanStart {
  checkName(name, "a plan's name");
  return Object.freeze({
    pipe: (first: AnyStep) => planStep(nodeOf(first, ".pipe(step)"), name),
  });
}

/**
 * Gives every arm the same input and joins what they give into a Record. `parallel({ key: arm })` names each arm's last node
 * and its place in the Record; `parallel(a, b)` goes by the ids the last nodes have.
 */
export const parallel: ParallelBuilder = (...given: unknown[]): AnyPlan => {
  const [first] = given;
  const keyed = given.length === 1 && !isStep(first);
  const arms = keyed ? keyedArms(first) : given.map((arm) => ({ step: nodeOf(arm, "parallel()") }));
  if (arms.length === 0)
    throw new PlanwireError("BAD_USAGE", "parallel() expects at least one arm");
  return planStep({ kind: "parallel", arms });
};

function keyedArms(arms: unknown): ParallelArm[] {
  if (typeof arms !== "object" || arms === null || Array.isArray(arms)) {
    throw new PlanwireError(
      "BAD_USAGE",
      `parallel() expects { key: step, ... } or steps, not ${describe(arms)}`,
    );
  }
  return Object.entries(arms).map(([key, arm]) => {
    const step = nodeOf(arm, `parallel({ ${key} })`);
    return { key, step: isName(key) ? renameLast(step, key) : withOwnName(step, key) };
  });
}

/** A key that can't be a node's id names only the place in the Record; a state can't go by it. */
function withOwnName(step: StepNode, key: string): StepNode {
  if (key === "" || key === "__proto__") checkName(key, "an arm's key");
  const last = lastFilter(step);
  if (last === undefined || last.definition?.kind === "Stateless") return step;
  checkName(key, `the key of an arm that ends in ${last.name}, which may have a state,`);
  return step;
}

/**
 * Runs the arm that `on` picks: its output is the arm's label, `true`, `false`, or `{ branch: label }`. The arm gets the
 * input that `on` got. Where no label matches, `default` or `else` is taken, else the plan fails with NO_MATCHING_ARM.
 */
export const branch: BranchBuilder = (on: unknown, arms: unknown): AnyPlan => {
  const condition = nodeOf(on, "branch(on, arms)");
  if (condition.kind !== "filter") {
    throw new PlanwireError(
      "BAD_USAGE",
      `branch(on, arms): on must be one filter, not a ${condition.kind}`,
      { hint: "put the steps before the condition into the plan, before the branch" },
    );
  }
  if (typeof arms !== "object" || arms === null || Object.keys(arms).length === 0) {
    throw new PlanwireError(
      "BAD_USAGE",
      `branch(on, arms): arms must be { label: step, ... }, not ${describe(arms)}`,
    );
  }
  return planStep({
    kind: "branch",
    on: condition,
    arms: Object.entries(arms).map(([label, arm]) => [label, nodeOf(arm, `branch arm ${label}`)]),
  });
};

/**
 * Runs `body` again on its own output until that is true, "done", "stop", `{ done: true }` or undefined, at most `max` times
 * (100 unless given). `id` is a label: it names no filter.
 */
export const loop: LoopBuilder = (id: string, body: unknown, options: { max?: number } = {}) => {
  checkName(id, "a loop's id");
  const { max } = options;
  if (max !== undefined && !(Number.isInteger(max) && max > 0)) {
    throw new PlanwireError(
      "BAD_USAGE",
      `loop("${id}"): max must be a whole number from 1, not ${describe(max)}`,
    );
  }
  const node = { kind: "loop", id, body: nodeOf(body, `loop("${id}")`) } as const;
  return planStep(max === undefined ? node : { ...node, max });
};

/** Runs `step` on a worker with this tag, or on the worker with this id. */
export const remote: RemoteBuilder = (where: unknown, step: unknown): AnyPlan => {
  return planStep({ kind: "remote", target: targetOf(where), step: nodeOf(step, "remote()") });
};

function targetOf(where: unknown): { WorkerId: string } | { Tag: string } {
  const entries = typeof where === "object" && where !== null ? Object.entries(where) : [];
  const [entry] = entries;
  if (entry && entries.length === 1) {
    const [kind, text] = entry as [string, unknown];
    if (typeof text === "string" && text !== "") {
      if (kind === "tag") return { Tag: text };
      if (kind === "worker") return { WorkerId: text };
    }
  }
  throw new PlanwireError(
    "BAD_USAGE",
    `remote(where, step): where must be { tag } or { worker } with a text, not ${describe(where)}`,
  );
}
