import type { ExecutionPlan, JsonValue, SerializedPlan, Value } from "@planwire/protocol";
import {
  FILTERS,
  filterNamedBy,
  neverSucceeds,
  unpickle,
  outputAt,
  plainText,
  stateAt,
} from "../sim/filters.js";
import type { CallBegan } from "./facts.js";

/** What a plan must come to, as far as its filters let it. */
export interface Expectation {
  /** Undefined where something that is reached never succeeds. */
  readonly output: Value | undefined;
  /** By node: what a Fit returns. */
  readonly states: ReadonlyMap<string, Value>;
  /** Filters that are reached, or may be, if an arm beside them fails. */
  readonly filters: ReadonlySet<string>;
  /** Codes that the plan itself may fail with, whatever its filters do. */
  readonly codes: ReadonlySet<string>;
  /** Calls that may be made, each once in an attempt of its part. */
  readonly calls: ReadonlySet<string>;
}

/** Told by a walk of its own, apart from the stepper, which is judged by it. */
export function expectationOf(plan: SerializedPlan): Expectation {
  const walk = new Walk(plan);
  const input: Value = plan.input?.source === "Inline" ? plan.input.value : { type: "Empty" };
  const output = walk.outputOf(plan.plan, input);
  const { states, filters, codes, calls } = walk;
  return { output, states, filters, codes, calls };
}

/** Tells the calls of a plan apart: no node of a story is called twice with the same, since each pass of a Loop changes what goes through it. */
export function callKeyOf({
  nodeId,
  filter,
  op,
  input,
  state,
  y,
}: Pick<CallBegan, "nodeId" | "filter" | "op" | "input" | "state" | "y">): string {
  const told = [state, y].map((value) => (value === undefined ? "-" : plainText(value)));
  return `${op} ${nodeId} ${filter}(${plainText(input)}) ${told.join(" ")}`;
}

/** Of a Loop that names no limit. */
const MOST_PASSES = 100;

interface Bound {
  readonly uses: string;
  readonly state?: Value | null | undefined;
}

class Walk {
  readonly states = new Map<string, Value>();
  readonly filters = new Set<string>();
  readonly codes = new Set<string>();
  readonly calls = new Set<string>();
  readonly #bindings: ReadonlyMap<string, Bound>;
  readonly #fits: boolean;
  readonly #y: Value | undefined;

  constructor({ bindings, filters, mode }: SerializedPlan) {
    const pickled = (filters ?? []).map(({ node_id, pickled_filter, state }): [string, Bound] => [
      node_id,
      { uses: unpickle(pickled_filter), state },
    ]);
    const bound = (bindings ?? []).map((one): [string, Bound] => [one.node_id, one]);
    this.#bindings = new Map([...pickled, ...bound]);
    const isFit = mode !== undefined && mode !== null && mode !== "Forward";
    this.#fits = isFit;
    this.#y = isFit ? (mode.Fit.y ?? undefined) : undefined;
  }

  /** What comes out of there; undefined where nothing ever does. */
  outputOf(plan: ExecutionPlan, input: Value): Value | undefined {
    if (plan === "Empty") return input;
    if ("Execute" in plan) return this.#atNode(plan.Execute.node_id, input);
    if ("Cached" in plan) return this.#fails("CACHE_MISS");
    if ("Remote" in plan) return this.outputOf(plan.Remote.plan, input);
    if ("Sequence" in plan) return this.#inRow(plan.Sequence, input);
    if ("Parallel" in plan) return this.#inArms(plan.Parallel, input);
    if ("Loop" in plan) return this.#inPasses(plan.Loop, input);
    if ("Branch" in plan) return this.#inOneArm(plan.Branch, input);
    throw new Error(`no story has a plan like ${JSON.stringify(plan)}`);
  }

  #inRow(steps: readonly ExecutionPlan[], input: Value): Value | undefined {
    let value: Value | undefined = input;
    for (const step of steps) {
      if (value === undefined) return undefined;
      value = this.outputOf(step, value);
    }
    return value;
  }

  #inArms(arms: readonly ExecutionPlan[], input: Value): Value | undefined {
    const outputs = arms.map((arm) => this.outputOf(arm, input));
    const data = arms.flatMap((arm, index): [string, Value][] => {
      const output = outputs[index];
      return output === undefined ? [] : [[keyOf(arm, index), output]];
    });
    return data.length === arms.length ? { type: "Record", data } : undefined;
  }

  #inPasses(
    {
      body,
      max_iterations: most,
    }: { body: ExecutionPlan; max_iterations?: number | null | undefined },
    input: Value,
  ): Value | undefined {
    let value: Value | undefined = input;
    for (let pass = 0; pass < (most ?? MOST_PASSES); pass++) {
      value = this.outputOf(body, value);
      if (value === undefined || memberOf(value, "done") === true) return value;
    }
    return value;
  }

  /** The arm gets what the Branch got. */
  #inOneArm(
    { node_id: nodeId, arms }: { node_id: string; arms: [string, ExecutionPlan][] },
    input: Value,
  ): Value | undefined {
    const said = this.#atNode(nodeId, input);
    if (said === undefined) return undefined;
    const taken = [labelOf(said), "default", "else"].flatMap((name) =>
      arms.filter(([arm]) => arm === name),
    )[0];
    return taken === undefined ? this.#fails("NO_MATCHING_ARM") : this.outputOf(taken[1], input);
  }

  #atNode(nodeId: string, input: Value): Value | undefined {
    const { uses: filter = filterNamedBy(nodeId), state: given } = this.#bindings.get(nodeId) ?? {};
    this.filters.add(filter);
    let state = given ?? undefined;
    if (FILTERS[filter]?.isTrainable === true) {
      if (this.#fits) state = this.#fitted(nodeId, filter, input);
      else if (state === undefined) return this.#fails("STATE_MISSING");
    }
    this.calls.add(callKeyOf({ nodeId, filter, op: "forward", input, state, y: undefined }));
    return neverSucceeds(filter) ? undefined : outputAt(nodeId, filter, input, state);
  }

  /** Each pass of a Loop fits anew; the last one's state stays. */
  #fitted(nodeId: string, filter: string, input: Value): Value {
    const y = this.#y;
    this.calls.add(callKeyOf({ nodeId, filter, op: "fit", input, state: undefined, y }));
    const state = stateAt(nodeId, input, y);
    this.states.set(nodeId, state);
    return state;
  }

  #fails(code: string): undefined {
    this.codes.add(code);
    return undefined;
  }
}

function labelOf(said: Value): string | undefined {
  if (said.type === "Json" && typeof said.data === "boolean") return String(said.data);
  const branch = memberOf(said, "branch");
  return typeof branch === "string" ? branch : undefined;
}

function memberOf(value: Value, name: string): JsonValue | undefined {
  if (value.type !== "Json") return undefined;
  const { data } = value;
  if (typeof data !== "object" || data === null || Array.isArray(data)) return undefined;
  return Object.hasOwn(data, name) ? data[name] : undefined;
}

/** Under which an arm's output stands in the Record. */
function keyOf(arm: ExecutionPlan, index: number): string {
  if (arm === "Empty" || "Parallel" in arm) return `#${index}`;
  if ("Execute" in arm) return arm.Execute.node_id;
  if ("Cached" in arm) return arm.Cached.node_id;
  if ("Remote" in arm) return arm.Remote.node_id;
  if ("Loop" in arm) return arm.Loop.node_id;
  if ("Branch" in arm) return arm.Branch.node_id;
  if ("Sequence" in arm) return keyOf(arm.Sequence.at(-1) ?? "Empty", index);
  throw new Error(`no story has an arm like ${JSON.stringify(arm)}`);
}
