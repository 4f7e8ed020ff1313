import type { Binding, Mode, PickledFilter, SerializedPlan, Value } from "@planwire/protocol";
import type { Leaf } from "../stepper/leaf.js";
import { elementsOf, ownIdOf, type Path } from "../tree.js";
import { partIdOf } from "./part-id.js";

/** What stands behind the leaf's handles. */
export interface PartValues {
  input?: Value | undefined;
  /** The state of a `forward` leaf. */
  state?: Value | undefined;
}

/**
 * The plan that a worker gets for one leaf: its subtree, the bindings and filters of its nodes, its own mode (a single
 * forward is Forward also within a Fit), arm keys from its own root on. `params`, states and metadata go along.
 */
export function subPlan(
  plan: SerializedPlan,
  leaf: Leaf<unknown>,
  values: PartValues = {},
): SerializedPlan {
  const nodeIds = new Set(elementsOf(leaf.plan).flatMap((element) => ownIdOf(element) ?? []));
  const armKeys = leaf.kind === "part" ? reroot(plan.arm_keys ?? {}, leaf.path) : {};
  const bindings = bindingsFor(plan, leaf, nodeIds, values.state);
  return {
    plan_id: partIdOf(plan.plan_id, leaf.key),
    plan: leaf.plan,
    input: inputOf(plan, leaf, values.input),
    filters: (plan.filters ?? [])
      .filter(({ node_id }) => nodeIds.has(node_id))
      .map((filter) => withState(filter, leaf, values.state)),
    mode: modeOf(plan, leaf),
    metadata: plan.metadata ?? null,
    ...(leaf.key === "" && plan.edges ? { edges: plan.edges } : {}),
    ...(Object.keys(armKeys).length > 0 ? { arm_keys: armKeys } : {}),
    ...(bindings.length > 0 ? { bindings } : {}),
  };
}

/** The whole plan keeps its own input where none is given: it may be a reference. */
function inputOf(
  plan: SerializedPlan,
  leaf: Leaf<unknown>,
  input: Value | undefined,
): SerializedPlan["input"] {
  if (input !== undefined) return { source: "Inline", value: input };
  return leaf.key === "" ? (plan.input ?? null) : null;
}

function modeOf(plan: SerializedPlan, leaf: Leaf<unknown>): Mode {
  return leaf.op === "forward" ? "Forward" : (plan.mode ?? "Forward");
}

/** A node that its id alone names gets a binding where it has a state: there is no other place for that. */
function bindingsFor(
  plan: SerializedPlan,
  leaf: Leaf<unknown>,
  nodeIds: ReadonlySet<string>,
  state: Value | undefined,
): Binding[] {
  const bindings = (plan.bindings ?? [])
    .filter(({ node_id }) => nodeIds.has(node_id))
    .map((binding) => withState(binding, leaf, state));
  const { nodeId } = leaf;
  if (state === undefined || nodeId === undefined || bindings.length > 0) return bindings;
  if ((plan.filters ?? []).some(({ node_id }) => node_id === nodeId)) return bindings;
  return [{ node_id: nodeId, uses: nodeId, state }];
}

/** A fit begins afresh, a forward has the state it was given, a part keeps what the plan says. */
function withState<T extends Binding | PickledFilter>(
  entry: T,
  leaf: Leaf<unknown>,
  state: Value | undefined,
): T {
  if (leaf.op === "whole") return entry;
  if (leaf.op === "forward" && state === undefined) return entry;
  const { state: _, ...rest } = entry;
  return (leaf.op === "fit" ? rest : { ...rest, state }) as T;
}

/** Keys are child indexes joined by ".": those at or below `path`, from there on. */
function reroot(armKeys: Record<string, string[]>, path: Path): Record<string, string[]> {
  const root = path.join(".");
  const below = Object.entries(armKeys).flatMap(([key, names]): [string, string[]][] => {
    if (root === "") return [[key, names]];
    if (key === root) return [["", names]];
    return key.startsWith(`${root}.`) ? [[key.slice(root.length + 1), names]] : [];
  });
  return Object.fromEntries(below);
}
