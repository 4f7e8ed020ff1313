import type { ExecutionPlan, PlanPolicy, SerializedPlan } from "@planwire/protocol";
import type { Chance } from "./chance.js";

interface Draft {
  readonly chance: Chance;
  readonly workers: readonly string[];
  readonly bindings: { node_id: string; uses: string }[];
}

/** A plan of a few nodes: a row, arms, arms and rows on workers of their own. What its filters do is chance, too. */
export function somePlan(
  chance: Chance,
  planId: string,
  workers: readonly string[],
): SerializedPlan {
  const draft: Draft = { chance, workers, bindings: [] };
  const plan = serialized(planId, someTree(draft), draft.bindings);
  return chance.happens(35) ? { ...plan, policy: somePolicy(chance) } : plan;
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
  const input = { source: "Inline", value: { type: "Json", data: planId } } as const;
  return { plan_id: planId, plan, input, metadata: {}, bindings };
}

function someTree(draft: Draft): ExecutionPlan {
  switch (draft.chance.choose({ one: 10, row: 8, arms: 4, remoteRow: 4, remoteArms: 5 })) {
    case "one":
      return someNode(draft);
    case "row":
      return { Sequence: several(draft, 2, 4, someNode) };
    case "arms":
      return { Parallel: several(draft, 2, 3, someNode) };
    case "remoteRow":
      return { Sequence: several(draft, 2, 3, someRemote) };
    case "remoteArms":
      return { Parallel: several(draft, 2, 3, someRemote) };
  }
}

function several(
  draft: Draft,
  least: number,
  most: number,
  make: (draft: Draft) => ExecutionPlan,
): ExecutionPlan[] {
  return Array.from({ length: draft.chance.between(least, most) }, () => make(draft));
}

function someRemote(draft: Draft): ExecutionPlan {
  const { chance, workers, bindings } = draft;
  const id = `at${bindings.length}`;
  const inner = chance.happens(30) ? { Sequence: several(draft, 2, 2, someNode) } : someNode(draft);
  return remote(id, chance.pick(workers) ?? "a", inner);
}

function remote(node_id: string, worker: string, plan: ExecutionPlan): ExecutionPlan {
  return { Remote: { node_id, target: { WorkerId: worker }, plan } };
}

function someNode({ chance, bindings }: Draft): ExecutionPlan {
  const node_id = `n${bindings.length}`;
  bindings.push({
    node_id,
    uses: chance.choose({
      quick: 30,
      slow: 18,
      chatty: 5,
      inline: 10,
      "slow-inline": 8,
      fails: 3,
      flaky: 3,
      "kills-isolate": 1.5,
      "kills-worker": 1,
      stubborn: 4,
      "stubborn-inline": 3,
      endless: 3,
      stuck: 2,
    }),
  });
  return { Execute: { node_id } };
}
