import type {
  ExecutionPlan,
  Mode,
  PlanInput,
  PlanPolicy,
  SerializedPlan,
} from "@planwire/protocol";
import type { Chance } from "./chance.js";
import { pickle } from "./filters.js";
import { remote, someTree, type Draft } from "./story-trees.js";

const FITS_IN_A_HUNDRED = 20;

const FOR_OLD_IN_A_HUNDRED = 35;

/** Names of those that a plan may be for. */
export interface Hosts {
  readonly workers: readonly string[];
  readonly oldWorkers: readonly string[];
}

/** A plan of a few nodes, forward or a fit, for workers of ours, for old ones or for both. What its filters do is chance, too. */
export function somePlan(
  chance: Chance,
  planId: string,
  { workers, oldWorkers }: Hosts,
): SerializedPlan {
  const fits = chance.happens(FITS_IN_A_HUNDRED);
  const isForOld = oldWorkers.length > 0 && chance.happens(FOR_OLD_IN_A_HUNDRED);
  const draft: Draft = {
    chance,
    workers,
    oldWorkers: isForOld ? oldWorkers : [],
    bindings: [],
    pickled: [],
    host: isForOld && chance.happens(50) ? "old" : undefined,
    fits,
    nodes: 0,
    labels: 0,
  };
  const tree = someTree(draft);
  const filters = draft.pickled.length > 0 ? { filters: draft.pickled } : {};
  const plan = { ...serialized(planId, tree, draft.bindings), ...filters };
  const mode = fits ? { mode: someFit(chance) } : {};
  return { ...plan, ...mode, ...maybePolicy(chance) };
}

export function maybePolicy(chance: Chance): { policy?: PlanPolicy } {
  return chance.happens(35) ? { policy: somePolicy(chance) } : {};
}

/** Each plan has an input of its own, so that no call of one is taken for another's. */
export function inputOf(planId: string): PlanInput {
  return { source: "Inline", value: { type: "Json", data: planId } };
}

function someFit(chance: Chance): Mode {
  return { Fit: chance.happens(60) ? { y: { type: "Json", data: "labels" } } : {} };
}

function somePolicy(chance: Chance): PlanPolicy {
  return {
    ...(chance.happens(50) && { max_attempts: chance.between(1, 4) }),
    ...(chance.happens(50) && { backoff_ms: chance.between(0, 800) }),
    ...(chance.happens(60) && { retry_codes: ["FILTER_ERROR"] }),
    ...(chance.happens(25) && { durability: "memory" as const }),
    ...(chance.happens(40) && { timeout_ms: chance.between(300, 9_000) }),
  };
}

/** As long as somebody wants to look at a slot. */
export function planOf(planId: string, filter: string, on?: string): SerializedPlan {
  const bindings = [{ node_id: "n0", uses: filter }];
  const execute: ExecutionPlan = { Execute: { node_id: "n0" } };
  return serialized(planId, on === undefined ? execute : remote("there", on, execute), bindings);
}

/** What only that old worker can run. */
export function planForOld(planId: string, filter: string, on: string): SerializedPlan {
  const filters = [{ node_id: "n0", pickled_filter: pickle(filter) }];
  const execute: ExecutionPlan = { Execute: { node_id: "n0" } };
  return { ...serialized(planId, remote("there", on, execute), []), filters };
}

/** A stream runs whole on one worker. */
export function someStreamPlan(chance: Chance, planId: string): SerializedPlan {
  const bindings = Array.from({ length: chance.between(1, 2) }, (_, index) => ({
    node_id: `n${index}`,
    uses: chance.choose({
      quick: 10,
      inline: 5,
      chatty: 1,
      fails: 0.3,
      "kills-isolate": 0.2,
    }),
  }));
  const plan: ExecutionPlan = {
    Sequence: bindings.map(({ node_id }) => ({ Execute: { node_id } })),
  };
  return { plan_id: planId, plan, input: null, metadata: {}, bindings };
}

function serialized(
  planId: string,
  plan: ExecutionPlan,
  bindings: Draft["bindings"],
): SerializedPlan {
  return { plan_id: planId, plan, input: inputOf(planId), metadata: {}, bindings };
}
