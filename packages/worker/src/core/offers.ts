import { byShape, nodeIdsOf, stepperProgram, type StepperProgram } from "@planwire/plan";
import type {
  ExecutionPlan,
  JsonValue,
  OfferedFilter,
  SerializedPlan,
  Value,
} from "@planwire/protocol";
import { offerKey, type FilterOffer } from "./filter-call.js";

/** The filters that this worker offers, by name and version. */
export class Offers {
  readonly #byKey = new Map<string, FilterOffer>();
  /** What a name alone stands for. */
  readonly #byName = new Map<string, FilterOffer>();
  #programOf = byShape((plan) => programOf(plan, this));

  /** A filter that comes again, with the same name and version, takes the older one's place. */
  add(offers: Iterable<FilterOffer>): void {
    for (const offer of offers) {
      this.#byKey.set(offerKey(offer), offer);
      const known = this.#byName.get(offer.name);
      if (known === undefined || standsForName(offer, known)) this.#byName.set(offer.name, offer);
    }
    // What was found for a shape before may be another filter now.
    this.#programOf = byShape((plan) => programOf(plan, this));
  }

  /** What a plan runs with these offers. */
  programOf(plan: SerializedPlan): FoundProgram {
    return this.#programOf(plan);
  }

  /** `uses` is `name` or `name@version`. */
  find(uses: string): FilterOffer | undefined {
    return this.#byKey.get(uses) ?? this.#byName.get(uses);
  }

  offered(): OfferedFilter[] {
    return [...this.#byKey.values()].map(({ name, version, kind, streamMode }) => ({
      name,
      ...(version !== undefined && { version }),
      kind,
      stream_mode: streamMode,
    }));
  }

  get names(): string[] {
    return [...this.#byKey.keys()];
  }
}

/** A name alone means the filter without a version, else the latest version. */
function standsForName(offer: FilterOffer, known: FilterOffer): boolean {
  if (offer.version === undefined) return true;
  if (known.version === undefined) return false;
  return offer.version.localeCompare(known.version, "en", { numeric: true }) >= 0;
}

/** What runs at one node. */
export interface NodeProgram {
  readonly filter: FilterOffer;
  readonly params?: JsonValue;
}

/** What a plan runs here: its nodes' filters and params, and the steps between them. */
export interface PlanProgram {
  readonly nodes: ReadonlyMap<string, NodeProgram>;
  readonly steps: StepperProgram<Value>;
  /** Every value goes to one leaf, and is nobody's after that. */
  readonly isChain: boolean;
}

export interface FoundProgram {
  readonly program: PlanProgram;
  /** Nodes without a filter. */
  readonly missing: readonly string[];
}

/** Finds each node's filter: by its binding, else by its own id; a pickled Python filter is none of ours. */
function programOf(plan: SerializedPlan, offers: Offers): FoundProgram {
  const bindings = new Map(plan.bindings?.map((binding) => [binding.node_id, binding]));
  const pickled = new Set(plan.filters?.map(({ node_id }) => node_id));
  const nodes = new Map<string, NodeProgram>();
  const states: [string, Value][] = [];
  const missing: string[] = [];
  for (const nodeId of nodeIdsOf(plan.plan)) {
    const binding = bindings.get(nodeId);
    const uses = binding?.uses ?? (pickled.has(nodeId) ? undefined : nodeId);
    const filter = uses === undefined ? undefined : offers.find(uses);
    if (filter === undefined) {
      missing.push(nodeId);
      continue;
    }
    const params = binding?.params;
    nodes.set(nodeId, { filter, ...(params !== undefined && { params }) });
    const state = binding?.state;
    if (state !== null && state !== undefined) states.push([nodeId, state]);
  }
  const trainable = [...nodes].flatMap(([id, { filter }]) =>
    filter.kind === "Trainable" ? [id] : [],
  );
  const steps = stepperProgram<Value>({
    plan: plan.plan,
    edges: plan.edges,
    armKeys: plan.arm_keys,
    mode: (plan.mode ?? "Forward") === "Forward" ? "Forward" : "Fit",
    trainable,
    // fromEntries, because a node may be called `__proto__` by an inherited peer.
    states: Object.fromEntries(states),
  });
  return { program: { nodes, steps, isChain: isChain(plan) }, missing };
}

/** A row of Executes. What else there is may give one value to several leaves (Parallel, Branch, Loop, edges) or hold on to it. */
function isChain({ plan, edges }: SerializedPlan): boolean {
  if (Object.keys(edges ?? {}).length > 0) return false;
  return (isRow(plan) ? plan.Sequence : [plan]).every(isExecute);
}

function isRow(plan: ExecutionPlan): plan is Extract<ExecutionPlan, { Sequence: unknown }> {
  return typeof plan === "object" && "Sequence" in plan;
}

function isExecute(plan: ExecutionPlan): boolean {
  return typeof plan === "object" && "Execute" in plan;
}
