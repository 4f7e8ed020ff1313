import type { ExecutionPlan } from "@planwire/protocol";
import type { Path } from "../tree.js";

export interface StepperOptions<H> {
  /** A checked plan: see checkPlan. */
  plan: ExecutionPlan;
  /** Predecessors by node id, as in SerializedPlan. */
  edges?: Record<string, string[]> | undefined;
  /** Record keys of a Parallel's arms by its path, as in SerializedPlan. */
  armKeys?: Record<string, string[]> | undefined;
  mode: "Forward" | "Fit";
  /** Ids of the nodes whose filter has a fit. */
  trainable: readonly string[];
  /** States by node id, from earlier fits. */
  states?: Record<string, H> | undefined;
  /** Subtrees handed out whole, as leaves of kind "part". */
  atomic?: readonly Path[] | undefined;
  /** "cancel" (the default) stops the other arms; "collect" lets them end, then fails at the join. */
  onArmFailure?: "cancel" | "collect" | undefined;
}

/** The options with every look-up at hand, so that a step's cost does not grow with the plan. No stepper changes it: many may walk by one. */
export interface StepperProgram<H> {
  readonly plan: ExecutionPlan;
  readonly mode: "Forward" | "Fit";
  readonly collects: boolean;
  readonly edges: ReadonlyMap<string, readonly string[]>;
  /** Ids that edges name as predecessors: their outputs are remembered. */
  readonly predecessors: ReadonlySet<string>;
  readonly armKeys: ReadonlyMap<string, readonly string[]>;
  readonly trainable: ReadonlySet<string>;
  readonly states: ReadonlyMap<string, H>;
  /** Paths joined by ".". */
  readonly atomic: ReadonlySet<string>;
}

export function stepperProgram<H>(options: StepperOptions<H>): StepperProgram<H> {
  const { plan, mode, edges = {}, armKeys = {}, trainable, states = {}, atomic = [] } = options;
  return {
    plan,
    mode,
    collects: options.onArmFailure === "collect",
    edges: new Map(Object.entries(edges)),
    predecessors: new Set(Object.values(edges).flat()),
    armKeys: new Map(Object.entries(armKeys)),
    trainable: new Set(trainable),
    states: new Map(Object.entries(states)),
    atomic: new Set(atomic.map((path) => path.join("."))),
  };
}
