import type { ExecutionPlan, SerializedPlan, Value } from "@planwire/protocol";
import { signalOf } from "../signal.js";
import { armKeyOf, execute, membersOf, ownIdOf } from "../tree.js";
import type { FakeFilters } from "./fake-filters.js";

/** What a plan means, as straightforward as can be: recursive, one arm after the other. */
export class Reference {
  readonly states = new Map<string, Value>();
  readonly plan: SerializedPlan;
  readonly filters: FakeFilters;
  readonly trainable: readonly string[];
  readonly given: Readonly<Record<string, Value>>;
  readonly input: Value;
  readonly #outputs = new Map<string, Value>();
  #calls = 0;

  constructor(what: {
    plan: SerializedPlan;
    filters: FakeFilters;
    trainable: readonly string[];
    /** States by node id. */
    given: Readonly<Record<string, Value>>;
    input: Value;
  }) {
    this.plan = what.plan;
    this.filters = what.filters;
    this.trainable = what.trainable;
    this.given = what.given;
    this.input = what.input;
  }

  /** Throws what a filter throws; of several failing arms the first's. */
  run(plan = this.plan.plan, input = this.input, path: number[] = []): Value {
    const id = ownIdOf(plan);
    const output = this.#inside(plan, id === undefined ? input : this.#wired(id, input), path);
    if (id !== undefined) this.#outputs.set(id, output);
    return output;
  }

  #inside(plan: ExecutionPlan, input: Value, path: number[]): Value {
    if (plan === "Empty") return input;
    if ("Execute" in plan) return this.#call(plan.Execute.node_id, input);
    if ("Cached" in plan) {
      this.#calls++;
      return this.filters.cached(plan.Cached.node_id);
    }
    if ("Sequence" in plan) return this.#row(plan.Sequence, input, path);
    if ("Remote" in plan) return this.run(plan.Remote.plan, input, [...path, 0]);
    if ("Parallel" in plan) return this.#join(plan.Parallel, input, path);
    if ("Branch" in plan) {
      const said = signalOf(this.#call(plan.Branch.node_id, input)).arm;
      const { arms } = plan.Branch;
      const indexOf = (label: string | undefined) => arms.findIndex(([name]) => name === label);
      const arm = [said, "default", "else"].map(indexOf).find((index) => index >= 0);
      if (arm === undefined) throw new Error("NO_MATCHING_ARM");
      return this.run(arms[arm]?.[1], input, [...path, arm]);
    }
    if ("Loop" in plan) {
      let value = input;
      for (let pass = 0; pass < (plan.Loop.max_iterations ?? 100); pass++) {
        const before = this.#calls;
        value = this.run(plan.Loop.body, value, [...path, 0]);
        if (signalOf(value).stop || this.#calls === before) break;
      }
      return value;
    }
    return this.#row(membersOf(plan).map(execute), input, path);
  }

  #row(steps: readonly ExecutionPlan[], input: Value, path: number[]): Value {
    return steps.reduce((value, step, index) => this.run(step, value, [...path, index]), input);
  }

  #join(arms: ExecutionPlan[], input: Value, path: number[]): Value {
    const keys = this.plan.arm_keys?.[path.join(".")] ?? arms.map(armKeyOf);
    return {
      type: "Record",
      data: arms.map((arm, index) => [keys[index] ?? "", this.run(arm, input, [...path, index])]),
    };
  }

  #call(id: string, input: Value): Value {
    this.#calls++;
    const isFit = this.plan.mode !== "Forward" && this.trainable.includes(id);
    if (isFit) this.states.set(id, this.filters.fit(id, input));
    return this.filters.forward(id, input, isFit ? this.states.get(id) : this.given[id]);
  }

  #wired(id: string, input: Value): Value {
    const predecessors = this.plan.edges?.[id];
    if (predecessors === undefined) return input;
    const entries = predecessors.map((before): [string, Value] => {
      const output = this.#outputs.get(before);
      if (output === undefined) throw new Error(`${before} has not ended`);
      return [before, output];
    });
    if (entries.length === 0) return this.input;
    return entries.length === 1 ? (entries[0]?.[1] as Value) : { type: "Record", data: entries };
  }
}
