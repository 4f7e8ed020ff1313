import type { Feature } from "./features.js";
import { AS_TEXT, lowerValue, type LowerOptions, type Path } from "./lower-value.js";
import type { ExecutionPlan } from "./plan.js";
import type { Binding, Mode, PickledFilter, PlanInput, SerializedPlan } from "./serialized-plan.js";
import { EMPTY, type Value } from "./value.js";

/**
 * The plan as a peer that announced `features` knows it. The inherited fields are all written: null where a filter's requirements or
 * trainable are null would be refused there, an entry without state would keep an earlier fit's, and metadata must be present.
 * What we added is left out for a peer that announced nothing; a policy is the coordinator's business, and left out for all. An absent limit of a Loop stays absent.
 * @throws PlanwireError VALUE_UNSUPPORTED, with its path
 */
export function lowerPlan(
  plan: SerializedPlan,
  features: ReadonlySet<Feature>,
  options: LowerOptions = AS_TEXT,
): SerializedPlan {
  const path = options.path ?? [];
  const value = (inner: Value, ...at: Path) =>
    lowerValue(inner, features, { ...options, path: [...path, ...at] });
  return {
    plan_id: plan.plan_id,
    plan: features.has("late-variants") ? plan.plan : lowerTree(plan.plan),
    input: lowerInput(plan.input, value),
    filters: (plan.filters ?? []).map((filter, i) => lowerFilter(filter, i, value)),
    mode: lowerMode(plan.mode, value),
    metadata: plan.metadata ?? {},
    ...(features.size > 0 && plan.edges && { edges: plan.edges }),
    ...(features.size > 0 && plan.arm_keys && { arm_keys: plan.arm_keys }),
    ...(features.has("bindings") &&
      plan.bindings && {
        bindings: plan.bindings.map((binding, i) => lowerBinding(binding, i, value)),
      }),
  };
}

type LowerAt = (value: Value, ...at: Path) => Value;

function lowerInput(input: SerializedPlan["input"], value: LowerAt): PlanInput | null {
  if (!input) return null;
  if (input.source === "Inline")
    return { source: "Inline", value: value(input.value, "input", "value") };
  const { data_ref } = input;
  if (data_ref.type !== "Inline") return input;
  return {
    source: "Reference",
    data_ref: { type: "Inline", value: value(data_ref.value, "input", "data_ref", "value") },
  };
}

function lowerFilter(filter: PickledFilter, i: number, value: LowerAt): PickledFilter {
  return {
    node_id: filter.node_id,
    pickled_filter: filter.pickled_filter,
    state: value(filter.state ?? EMPTY, "filters", i, "state"),
    requirements: filter.requirements ?? [],
    trainable: filter.trainable ?? false,
  };
}

function lowerBinding(binding: Binding, i: number, value: LowerAt): Binding {
  if (!binding.state) return binding;
  return { ...binding, state: value(binding.state, "bindings", i, "state") };
}

function lowerMode(mode: SerializedPlan["mode"], value: LowerAt): Mode {
  if (!mode || mode === "Forward") return "Forward";
  const { y } = mode.Fit;
  return { Fit: { y: y ? value(y, "mode", "Fit", "y") : null } };
}

/** Composite and Stream are chains of nodes to a peer that knows neither. */
function lowerTree(plan: ExecutionPlan): ExecutionPlan {
  if (plan === "Empty") return plan;
  if ("Sequence" in plan) return { Sequence: plan.Sequence.map(lowerTree) };
  if ("Parallel" in plan) return { Parallel: plan.Parallel.map(lowerTree) };
  if ("Loop" in plan) return { Loop: { ...plan.Loop, body: lowerTree(plan.Loop.body) } };
  if ("Branch" in plan) {
    const { node_id, arms } = plan.Branch;
    return { Branch: { node_id, arms: arms.map(([label, arm]) => [label, lowerTree(arm)]) } };
  }
  if ("Remote" in plan) return { Remote: { ...plan.Remote, plan: lowerTree(plan.Remote.plan) } };
  if ("Composite" in plan) return chainOf(plan.Composite.node_ids);
  if ("Stream" in plan) return chainOf(plan.Stream.node_ids);
  return plan;
}

function chainOf(nodeIds: readonly string[]): ExecutionPlan {
  return { Sequence: nodeIds.map((node_id) => ({ Execute: { node_id } })) };
}
