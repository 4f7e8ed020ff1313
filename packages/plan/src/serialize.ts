import {
  isPlanwireError,
  LIMITS,
  PlanwireError,
  type Binding,
  type ExecutionPlan,
  type FixedPlan,
  type Issue,
  type SerializedPlan,
  type Value,
} from "@planwire/protocol";
import { bindStates } from "./states.js";
import {
  checkName,
  keyOf,
  nodeOf,
  planNameOf,
  type FilterNode,
  type ParallelNode,
  type RemoteNode,
  type StepNode,
} from "./step-node.js";
import { toValue } from "./to-value.js";
import { armKeyOf } from "./tree.js";
import { writeStep } from "./written-steps.js";

export interface SerializeOptions {
  /** The plan_id: a name, fresh for each submission. */
  readonly id: string;
  /** Plain data. When the property is absent the plan has no input; undefined is Empty. */
  readonly input?: unknown;
  /** Fits the plan instead of running it; `y` are the labels. */
  readonly fit?: { readonly y?: unknown };
  /** Plain states by node id, beside those given by withStates. */
  readonly states?: Readonly<Record<string, unknown>>;
}

/**
 * A filter or plan as it travels. From a step's second time on all but the object itself is frozen and shared, and travels by its shape, unless
 * params or states have changed or are more than a little JSON. Throws PLAN_REFUSED where two nodes have one id or the plan is too deep,
 * VALUE_UNSUPPORTED for an input, label, state or param that can't travel, BAD_USAGE for an id that is no name.
 */
export function serializePlan(step: unknown, options: SerializeOptions): SerializedPlan {
  const root = nodeOf(step, "serializePlan()");
  checkName(options.id, "a plan's id");
  const name = planNameOf(step);
  const fixed = options.states
    ? writeFixed(bindStates(root, options.states), name)
    : writeStep(step as object, root, () => writeFixed(root, name));
  const plan: SerializedPlan = { plan_id: options.id, plan: fixed.plan };
  if ("input" in options) plan.input = { source: "Inline", value: toValue(options.input) };
  if (options.fit) plan.mode = { Fit: { y: labels(options.fit) } };
  if (fixed.metadata !== undefined) plan.metadata = fixed.metadata;
  if (fixed.arm_keys) plan.arm_keys = fixed.arm_keys;
  if (fixed.bindings) plan.bindings = fixed.bindings;
  return plan;
}

function writeFixed(root: StepNode, name: string | undefined): FixedPlan {
  const tree = new TreeWriter();
  const plan = tree.write(root);
  tree.refuseDuplicates();
  return {
    plan,
    metadata: name === undefined ? {} : { name },
    ...(tree.armKeys.size > 0 && { arm_keys: Object.fromEntries(tree.armKeys) }),
    bindings: tree.bindings,
  };
}

function labels(fit: { readonly y?: unknown }): Value | null {
  return fit.y === undefined ? null : valueOf("the labels", fit.y);
}

/** A Value; where there can't be one the error says whose it would have been. */
function valueOf(whose: string, plain: unknown): Value {
  try {
    return toValue(plain);
  } catch (error) {
    if (!isPlanwireError(error, "VALUE_UNSUPPORTED")) throw error;
    const { details, hint, message } = error;
    throw new PlanwireError("VALUE_UNSUPPORTED", `${whose}: ${message}`, {
      details,
      ...(hint !== undefined && { hint }),
    });
  }
}

interface Place {
  /** Child indexes from the root, joined by ".". */
  readonly indexes: string;
  /** For messages: `plan.Sequence[1].Execute`. */
  readonly path: string;
  readonly depth: number;
}

interface NamedNode {
  readonly id: string;
  readonly path: string;
  readonly what: string;
}

/** More than anyone reads. */
const MOST_ISSUES = 100;

/** Writes the tree, and on the way collects what stands beside it. */
class TreeWriter {
  readonly bindings: Binding[] = [];
  readonly armKeys = new Map<string, string[]>();
  readonly #nodes: NamedNode[] = [];
  readonly #repeatedKeys: Issue[] = [];

  write(root: StepNode): ExecutionPlan {
    return this.#step(root, { indexes: "", path: "plan", depth: 1 });
  }

  #step(node: StepNode, at: Place): ExecutionPlan {
    if (at.depth > LIMITS.planDepth) {
      throw refused([{ path: at.path, message: `deeper than ${LIMITS.planDepth} levels` }]);
    }
    switch (node.kind) {
      case "filter":
        this.#bind(node, `${at.path}.Execute`);
        return { Execute: { node_id: node.id } };
      case "sequence":
        return this.#sequence(node.steps, at);
      case "parallel":
        return this.#parallel(node, at);
      case "branch":
        this.#bind(node.on, `${at.path}.Branch`);
        return {
          Branch: {
            node_id: node.on.id,
            arms: node.arms.map(([label, step], i) => [
              label,
              this.#step(step, child(at, i, `Branch.arms[${i}]`)),
            ]),
          },
        };
      case "loop":
        this.#nodes.push({ id: node.id, path: `${at.path}.Loop.node_id`, what: "a loop" });
        return {
          Loop: {
            node_id: node.id,
            body: this.#step(node.body, child(at, 0, "Loop.body")),
            ...(node.max !== undefined && { max_iterations: node.max }),
          },
        };
      case "remote": {
        const id = remoteId(node, at.indexes);
        this.#nodes.push({ id, path: `${at.path}.Remote.node_id`, what: "a remote part" });
        const plan = this.#step(node.step, child(at, 0, "Remote.plan"));
        return { Remote: { node_id: id, target: node.target, plan } };
      }
    }
  }

  #sequence(steps: readonly StepNode[], at: Place): ExecutionPlan {
    return { Sequence: steps.map((step, i) => this.#step(step, child(at, i, `Sequence[${i}]`))) };
  }

  #parallel(node: ParallelNode, at: Place): ExecutionPlan {
    const plans = node.arms.map(({ step }, i) => this.#step(step, child(at, i, `Parallel[${i}]`)));
    const keys = node.arms.map(({ key, step }, i) => key ?? keyOf(step) ?? `#${i}`);
    if (new Set(keys).size < keys.length) {
      const message = `two arms have the same key, of ${keys.join(", ")}`;
      this.#repeatedKeys.push({ path: `${at.path}.Parallel`, message });
    }
    if (plans.some((plan, i) => armKeyOf(plan, i) !== keys[i])) this.armKeys.set(at.indexes, keys);
    return { Parallel: plans };
  }

  #bind(node: FilterNode, path: string): void {
    const { definition, id, name, params, state } = node;
    this.#nodes.push({ id, path: `${path}.node_id`, what: `filter ${name}` });
    this.bindings.push({
      node_id: id,
      uses: definition?.version === undefined ? name : `${name}@${definition.version}`,
      ...(params !== undefined && { params: paramsOf(params, id) }),
      ...(state && { state: valueOf(`the state of ${id}`, state.value) }),
    });
  }

  /** Both places are named, for it is seldom the second one that is wrong. */
  refuseDuplicates(): void {
    const firstById = new Map<string, NamedNode>();
    const issues: Issue[] = [];
    for (const node of this.#nodes) {
      const first = firstById.get(node.id);
      if (!first) {
        firstById.set(node.id, node);
        continue;
      }
      const message = `the id "${node.id}" stands twice: ${first.what} at ${first.path}, and ${node.what} at ${node.path}`;
      issues.push({ path: first.path, message }, { path: node.path, message });
    }
    // Where ids are repeated, keys mostly are for that reason alone.
    const found = issues.length > 0 ? issues : this.#repeatedKeys;
    if (found.length === 0) return;
    throw refused(
      found.slice(0, MOST_ISSUES),
      'give one of them an id of its own with .as("another")',
    );
  }
}

function child(at: Place, index: number, step: string): Place {
  return {
    indexes: at.indexes === "" ? String(index) : `${at.indexes}.${index}`,
    path: `${at.path}.${step}`,
    depth: at.depth + 1,
  };
}

/** Params travel as Json alone: bytes and tensors are values, not settings. */
function paramsOf(params: unknown, id: string) {
  const value = valueOf(`the params of ${id}`, params);
  if (value.type === "Json" || value.type === "Text") return value.data;
  throw new PlanwireError(
    "VALUE_UNSUPPORTED",
    `the params of ${id} must be plain JSON, without bytes and tensors`,
    { details: { path: "$", found: value.type }, hint: "give these to the filter as its input" },
  );
}

/** A Remote's id is a label, made of its last node's, which is taken; where it ends in a Parallel, of its place. */
function remoteId(node: RemoteNode, indexes: string): string {
  return idAtEnd(node) ?? (indexes === "" ? "remote" : `remote:${indexes}`);
}

function idAtEnd(node: StepNode): string | undefined {
  switch (node.kind) {
    case "filter":
    case "loop":
    case "branch":
      return keyOf(node);
    case "parallel":
      return undefined;
    case "remote": {
      const inside = idAtEnd(node.step);
      return inside && `remote:${inside}`;
    }
    case "sequence": {
      const last = node.steps.at(-1);
      return last && idAtEnd(last);
    }
  }
}

function refused(issues: Issue[], hint?: string): PlanwireError<"PLAN_REFUSED"> {
  const [first] = issues;
  return new PlanwireError(
    "PLAN_REFUSED",
    `the plan is refused: ${first?.path}: ${first?.message}`,
    {
      details: { issues },
      ...(hint !== undefined && { hint }),
    },
  );
}
