import type { ExecutionPlan } from "@planwire/protocol";

/** Child indexes from the root. A Loop's or Remote's body is child 0; a Branch's arms are children by index. */
export type Path = readonly number[];

export const VARIANTS = [
  "Sequence",
  "Parallel",
  "Execute",
  "Cached",
  "Loop",
  "Branch",
  "Remote",
  "Composite",
  "Stream",
  "Empty",
] as const;
export type Variant = (typeof VARIANTS)[number];

/** The children of one element of a plan. The members of Composite and Stream run as a Sequence of Executes. */
export function childrenOf(plan: ExecutionPlan): readonly ExecutionPlan[] {
  if (plan === "Empty" || "Execute" in plan || "Cached" in plan) return [];
  if ("Sequence" in plan) return plan.Sequence;
  if ("Parallel" in plan) return plan.Parallel;
  if ("Branch" in plan) return plan.Branch.arms.map(([, arm]) => arm);
  if ("Loop" in plan) return [plan.Loop.body];
  if ("Remote" in plan) return [plan.Remote.plan];
  return membersOf(plan).map(execute);
}

/** The node ids of a Composite or Stream; none for anything else. */
export function membersOf(plan: ExecutionPlan): readonly string[] {
  if (plan === "Empty") return [];
  if ("Composite" in plan) return plan.Composite.node_ids;
  if ("Stream" in plan) return plan.Stream.node_ids;
  return [];
}

export function execute(nodeId: string): ExecutionPlan {
  return { Execute: { node_id: nodeId } };
}

/** The element at `path`; undefined where the plan has none. */
export function planAt(root: ExecutionPlan, path: Path): ExecutionPlan | undefined {
  let plan: ExecutionPlan | undefined = root;
  for (const index of path) {
    if (plan === undefined) return undefined;
    plan = childAt(plan, index);
  }
  return plan;
}

/** As `childrenOf(plan)[index]`, without making the others: a Sequence may have thousands. */
function childAt(plan: ExecutionPlan, index: number): ExecutionPlan | undefined {
  if (plan === "Empty") return undefined;
  if ("Branch" in plan) return plan.Branch.arms[index]?.[1];
  const member = membersOf(plan)[index];
  return member === undefined ? childrenOf(plan)[index] : execute(member);
}

/** The id that an element itself carries: a node's, or the label of a Loop, Branch or Remote. */
export function ownIdOf(plan: ExecutionPlan): string | undefined {
  if (plan === "Empty") return undefined;
  if ("Execute" in plan) return plan.Execute.node_id;
  if ("Cached" in plan) return plan.Cached.node_id;
  if ("Loop" in plan) return plan.Loop.node_id;
  if ("Branch" in plan) return plan.Branch.node_id;
  if ("Remote" in plan) return plan.Remote.node_id;
  return undefined;
}

/** The node whose filter runs at this very element: an Execute's, or a Branch's condition. */
export function filterIdOf(plan: ExecutionPlan): string | undefined {
  if (plan === "Empty") return undefined;
  if ("Execute" in plan) return plan.Execute.node_id;
  if ("Branch" in plan) return plan.Branch.node_id;
  return undefined;
}

/** Every element in the order of reading, a parent before its children. For checked plans; iterative all the same. */
export function elementsOf(root: ExecutionPlan): ExecutionPlan[] {
  const found: ExecutionPlan[] = [];
  const waiting: ExecutionPlan[] = [root];
  for (let plan = waiting.pop(); plan !== undefined; plan = waiting.pop()) {
    found.push(plan);
    for (const child of childrenOf(plan).toReversed()) waiting.push(child);
  }
  return found;
}

/** The ids that need a filter, in the order of reading. Cached needs none: its output comes from a cache. */
export function nodeIdsOf(plan: ExecutionPlan): string[] {
  return elementsOf(plan).flatMap((element) => filterIdOf(element) ?? []);
}

/** Whether something runs at this very element: a filter, or a look into a cache. */
export function isStep(plan: ExecutionPlan): boolean {
  return plan !== "Empty" && ("Execute" in plan || "Cached" in plan || "Branch" in plan);
}

/** Whether anything runs in there; without a step a subtree only passes its input on. */
export function holdsStep(plan: ExecutionPlan): boolean {
  return elementsOf(plan).some(isStep);
}

/**
 * The Record key of a Parallel's arm: its last step's id. Loop, Branch and Remote use their own;
 * what has no id of its own (Empty, a nested Parallel) is `#index`.
 */
export function armKeyOf(arm: ExecutionPlan, index: number): string {
  let last: ExecutionPlan | undefined = arm;
  while (last !== undefined && last !== "Empty" && "Sequence" in last) last = last.Sequence.at(-1);
  if (last === undefined) return `#${index}`;
  return ownIdOf(last) ?? membersOf(last).at(-1) ?? `#${index}`;
}
