import { LIMITS } from "./limits.js";
import type { ExecutionPlan } from "./plan.js";
import type { SerializedPlan } from "./serialized-plan.js";
import { dtypeOf } from "./codec/tensor-ext.js";
import type { TensorData } from "./tensor.js";
import type { Value } from "./value.js";

/**
 * What makes two submissions the same, as one text: canonical JSON (sorted keys, no spaces, numbers by value, defaults filled) of plan,
 * edges, arm_keys, input, filters, bindings and mode. Not of plan_id, metadata and policy.
 */
export function canonicalContent(plan: SerializedPlan): string {
  return canonical({
    plan: filledTree(plan.plan),
    edges: plan.edges ?? {},
    arm_keys: plan.arm_keys ?? {},
    input: inputContent(plan.input),
    filters: (plan.filters ?? []).map((filter) => ({
      node_id: filter.node_id,
      pickled_filter: filter.pickled_filter,
      state: valueContent(filter.state),
      requirements: filter.requirements ?? [],
      trainable: filter.trainable ?? false,
    })),
    bindings: (plan.bindings ?? []).map((binding) => ({
      node_id: binding.node_id,
      uses: binding.uses,
      params: binding.params ?? null,
      state: valueContent(binding.state),
    })),
    mode:
      plan.mode && plan.mode !== "Forward"
        ? { Fit: { y: valueContent(plan.mode.Fit.y) } }
        : "Forward",
  });
}

function inputContent(input: SerializedPlan["input"]): unknown {
  if (!input) return null;
  if (input.source === "Inline") return { ...input, value: valueContent(input.value) };
  const { data_ref } = input;
  if (data_ref.type === "Inline")
    return { ...input, data_ref: { ...data_ref, value: valueContent(data_ref.value) } };
  const region =
    data_ref.type === "S3" || data_ref.type === "Zarr" ? { region: data_ref.region ?? null } : {};
  return { ...input, data_ref: { ...data_ref, ...region } };
}

/** A Value without one is Empty: a filter that has no state gets Empty. */
function valueContent(value: Value | null | undefined): unknown {
  switch (value?.type) {
    case undefined:
    case "Empty":
      return { type: "Empty" };
    case "Tensor":
      return { type: "Tensor", data: tensorContent(value.data) };
    case "Record":
      return {
        type: "Record",
        data: value.data.map(([key, member]) => [key, valueContent(member)]),
      };
    default:
      return value;
  }
}

function tensorContent({ values, shape, dtype }: TensorData): unknown {
  const own = Array.isArray(values) ? "float64" : dtypeOf(values);
  // A bool and a uint8 tensor are the same array class; float64 is the same tensor with and without its name.
  return { dtype: dtype ?? own, shape, values: Array.from<number | bigint>(values) };
}

function filledTree(plan: ExecutionPlan): ExecutionPlan {
  if (plan === "Empty") return plan;
  if ("Sequence" in plan) return { Sequence: plan.Sequence.map(filledTree) };
  if ("Parallel" in plan) return { Parallel: plan.Parallel.map(filledTree) };
  if ("Branch" in plan) {
    const { node_id, arms } = plan.Branch;
    return { Branch: { node_id, arms: arms.map(([label, arm]) => [label, filledTree(arm)]) } };
  }
  if ("Remote" in plan) return { Remote: { ...plan.Remote, plan: filledTree(plan.Remote.plan) } };
  if (!("Loop" in plan)) return plan;
  const { node_id, body, max_iterations } = plan.Loop;
  return {
    Loop: {
      node_id,
      body: filledTree(body),
      max_iterations: max_iterations ?? LIMITS.loopIterations,
    },
  };
}

function canonical(value: unknown): string {
  switch (typeof value) {
    case "number":
      return numberText(value);
    case "bigint":
      return value.toString();
    case "object":
      if (value === null) return "null";
      if (value instanceof Uint8Array) return JSON.stringify(hex(value));
      if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
      return canonicalObject(value);
    default:
      return JSON.stringify(value) ?? "null";
  }
}

/** Written in a loop: on the way of every submission, chained array methods took twice as long. */
function canonicalObject(value: object): string {
  const members = value as Readonly<Record<string, unknown>>;
  let text = "";
  for (const key of Object.keys(members).sort()) {
    const member = members[key];
    if (member === undefined) continue;
    text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${canonical(member)}`;
  }
  return `{${text}}`;
}

/** By value: 1 and 1n are the same, 2^60 as float and as integer too, -0 is 0. NaN and infinities by name, which no JSON number is. */
function numberText(value: number): string {
  if (Number.isSafeInteger(value)) return value === 0 ? "0" : String(value);
  if (!Number.isFinite(value)) return JSON.stringify(String(value));
  return Number.isInteger(value) ? BigInt(value).toString() : String(value);
}

function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}
