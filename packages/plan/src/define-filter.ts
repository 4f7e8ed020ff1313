import { PlanwireError, StreamMode } from "@planwire/protocol";
import { describe } from "./describe.js";
import type { FilterDefinition } from "./filter-definition.js";
import { filterStep } from "./filter-step.js";
import { checkName } from "./step-node.js";
import type { AnyFilter, DefineFilter } from "./step.types.js";

/**
 * Defines a filter: what a node of a plan runs. Has no side effect; a worker offers the filters that its modules export.
 *
 *     defineFilter("clean", (rows: Row[]) => rows.filter(keep))
 *     defineFilter("scale", { fit: (xs: number[]) => spread(xs), forward: (xs, s) => xs.map(x => x / s) })
 *
 * Throws BAD_USAGE when the name or the spec is wrong.
 */
export const defineFilter: DefineFilter = (name: string, spec: unknown): AnyFilter => {
  checkName(name, "a filter's name");
  const definition = typeof spec === "function" ? fromFunction(name, spec) : fromSpec(name, spec);
  return filterStep({ kind: "filter", id: name, name, definition: Object.freeze(definition) });
};

type Forward = FilterDefinition["forward"];
type Fit = NonNullable<FilterDefinition["fit"]>;
type ForwardWithoutState = (x: unknown, ctx: unknown) => unknown;

const DEFAULTS = { streamMode: "FixedState", isolate: "thread" } as const;

function fromFunction(name: string, forward: Function): FilterDefinition {
  return { ...DEFAULTS, name, kind: "Stateless", forward: withoutState(forward) };
}

/** Stateless functions are written `(x, ctx)`. */
function withoutState(forward: Function): Forward {
  const call = forward as ForwardWithoutState;
  return (x, _state, ctx) => call(x, ctx);
}

const OPTIONS: Record<string, { expected: string; accepts: (value: unknown) => boolean }> = {
  forward: { expected: "a function", accepts: isFunction },
  fit: { expected: "a function", accepts: isFunction },
  version: {
    expected: 'text of 1 to 64 characters without "@" and spaces',
    accepts: (value) => typeof value === "string" && /^[^\s@]{1,64}$/.test(value),
  },
  isolate: {
    expected: '"thread", "inline" or "process"',
    accepts: (value) => value === "thread" || value === "inline" || value === "process",
  },
  streamMode: {
    expected: StreamMode.options.map((mode) => `"${mode}"`).join(", "),
    accepts: (value) => StreamMode.safeParse(value).success,
  },
  timeoutMs: {
    expected: "a positive number of milliseconds",
    accepts: (value) => typeof value === "number" && value > 0 && Number.isFinite(value),
  },
  input: { expected: "a Standard Schema", accepts: isSchema },
  output: { expected: "a Standard Schema", accepts: isSchema },
  params: { expected: "a Standard Schema", accepts: isSchema },
};

function isFunction(value: unknown): value is Function {
  return typeof value === "function";
}

/** Schemas may be functions with properties (arktype's are). */
function isSchema(value: unknown): boolean {
  if ((typeof value !== "object" || value === null) && typeof value !== "function") return false;
  const standard = (value as { "~standard"?: { validate?: unknown } })["~standard"];
  return typeof standard?.validate === "function";
}

function fromSpec(name: string, spec: unknown): FilterDefinition {
  if (typeof spec !== "object" || spec === null || Array.isArray(spec)) {
    throw wrong(name, `expected a function or { forward, ... }, not ${describe(spec)}`);
  }
  const given: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(spec)) {
    const option = Object.hasOwn(OPTIONS, key) ? OPTIONS[key] : undefined;
    if (!option) {
      throw wrong(name, `has no option "${key}"; there are ${Object.keys(OPTIONS).join(", ")}`);
    }
    if (value === undefined) continue;
    if (!option.accepts(value)) {
      throw wrong(name, `${key} must be ${option.expected}, not ${describe(value)}`);
    }
    given[key] = value;
  }
  const { fit, forward, ...options } = given;
  if (!isFunction(forward)) throw wrong(name, "forward is missing; it must be a function");
  if (!isFunction(fit)) {
    const call = withoutState(forward.bind(spec));
    return { ...DEFAULTS, ...options, name, kind: "Stateless", forward: call };
  }
  return {
    ...DEFAULTS,
    ...options,
    name,
    kind: "Trainable",
    fit: fit.bind(spec) as Fit,
    forward: forward.bind(spec) as Forward,
  };
}

function wrong(name: string, what: string): PlanwireError<"BAD_USAGE"> {
  return new PlanwireError("BAD_USAGE", `defineFilter("${name}"): ${what}`);
}
