import { byShape, cutFor, nodeIdsOf, targetsOf } from "@planwire/plan";
import type {
  ExecutionPlan,
  PickledFilter,
  RemoteTarget,
  SerializedPlan,
  Value,
} from "@planwire/protocol";
import type { CoreState, Needs, WorkerSession } from "./state.js";

const NONE: ReadonlySet<string> = new Set();

/** A node that needs a filter, and where it has that from: by a binding, pickled, or by its own id. */
interface PlanNode {
  readonly nodeId: string;
  readonly uses: string | undefined;
  readonly pickled: PickledFilter | undefined;
  readonly state: Value | null | undefined;
}

const planNodes = byShape(({ plan, bindings, filters }): readonly PlanNode[] => {
  const bound = new Map((bindings ?? []).map((binding) => [binding.node_id, binding]));
  const pickled = new Map((filters ?? []).map((filter) => [filter.node_id, filter]));
  return nodeIdsOf(plan).map((nodeId) => {
    const binding = bound.get(nodeId);
    const filter = binding ? undefined : pickled.get(nodeId);
    return { nodeId, uses: binding?.uses, pickled: filter, state: (binding ?? filter)?.state };
  });
});

/** What the nodes of a plan ask for, whatever workers there are. */
interface Asked {
  /** Filters of ours, sorted; undefined when a node comes pickled. */
  readonly ours: readonly string[] | undefined;
  readonly isBound: boolean;
  /** Nodes with neither binding nor pickled filter. */
  readonly byId: readonly string[];
  /** At the plan's own target: of workers of ours alone, or of peers of the inherited wire, too. */
  readonly needs: { readonly ours: Needs; readonly either: Needs };
}

const askedBy = byShape((plan): Asked => {
  const nodes = planNodes(plan);
  const byId = nodes.filter(({ uses, pickled }) => uses === undefined && !pickled);
  const filters = [...new Set(nodes.map(({ nodeId, uses }) => uses ?? nodeId))].sort();
  const ours = nodes.some(({ pickled }) => pickled) ? undefined : filters;
  const [target] = targetsOf(plan.plan);
  return {
    ours,
    isBound: nodes.some(({ uses }) => uses !== undefined),
    byId: byId.map(({ nodeId }) => nodeId),
    needs: { ours: newNeeds(target, ours, false), either: newNeeds(target, ours, true) },
  };
});

/**
 * What a worker must have to run this plan, or part of one, whole; at its own target unless one is given. A bound node needs a worker of
 * ours that offers its filter; a pickled one a peer of the inherited wire; one with neither a worker of ours that offers its id, or, when
 * none ever did, an inherited peer.
 */
export function needsOf(state: CoreState, plan: SerializedPlan, target?: RemoteTarget): Needs {
  const { ours, isBound, byId, needs } = askedBy(plan);
  const inherited = !isBound && !byId.some((nodeId) => state.everOffered.has(nodeId));
  if (target) return newNeeds(target, ours, inherited);
  return inherited ? needs.either : needs.ours;
}

function newNeeds(
  target: RemoteTarget | undefined,
  ours: readonly string[] | undefined,
  inherited: boolean,
): Needs {
  const worker = target && "WorkerId" in target ? target.WorkerId : undefined;
  const tag = target && "Tag" in target ? target.Tag : undefined;
  return { key: JSON.stringify([worker, tag, ours, inherited]), worker, tag, ours, inherited };
}

/**
 * Nodes that a peer of the inherited wire may take, each by itself. In a Fit only pickled ones: of what is known by its id alone nobody could say here
 * whether it is to be fitted.
 */
export function openToInherited(state: CoreState, plan: SerializedPlan): ReadonlySet<string> {
  const isForward = plan.mode == null || plan.mode === "Forward";
  const open = planNodes(plan).filter(
    ({ nodeId, uses, pickled }) =>
      uses === undefined && (pickled || (isForward && !state.everOffered.has(nodeId))),
  );
  return open.length === 0 ? NONE : new Set(open.map(({ nodeId }) => nodeId));
}

/** What workers of ours must offer: nobody else has it, or brings it. */
export function filtersOfOurs(plan: SerializedPlan, open: ReadonlySet<string>): readonly string[] {
  return open.size === 0 ? filtersUnlessPickled(plan) : filtersOf(planNodes(plan), open);
}

const filtersUnlessPickled = byShape((plan) => filtersOf(planNodes(plan), NONE));

function filtersOf(nodes: readonly PlanNode[], open: ReadonlySet<string>): readonly string[] {
  return nodes.flatMap(({ nodeId, uses, pickled }) => {
    if (uses !== undefined) return [uses];
    return pickled || open.has(nodeId) ? [] : [nodeId];
  });
}

/** Nodes that every run of the plan reaches, and that bring no state. */
export const unfittedNodes = byShape((plan): readonly PlanNode[] => {
  const certain = new Set(certainNodeIds(plan.plan));
  return planNodes(plan).filter(
    ({ nodeId, state }) => certain.has(nodeId) && (!state || state.type === "Empty"),
  );
});

/** Of what can't be cut any finer, a stream or a subtree: to a peer of the inherited wire a tree means something else. */
export function uncutNeedsOf(state: CoreState, plan: SerializedPlan, target?: RemoteTarget): Needs {
  const needs = needsOf(state, plan, target);
  const meansTheSame = cutFor(plan, { inherited: true }).kind === "whole";
  if (meansTheSame || !needs.inherited) return needs;
  const { ours, needs: own } = askedBy(plan);
  return target ? newNeeds(target, ours, false) : own.ours;
}

/** Nothing and nobody meets these: the plan must be cut finer. */
export function isImpossible({ ours, inherited }: Needs): boolean {
  return ours === undefined && !inherited;
}

export function meets(worker: WorkerSession, needs: Needs): boolean {
  if (needs.worker !== undefined && needs.worker !== worker.workerId) return false;
  if (needs.tag !== undefined && !worker.tags.has(needs.tag)) return false;
  return canRun(worker, needs);
}

/** What decides whether a worker can run something, wherever that has to be. */
export type Runs = Pick<WorkerSession, "inherited" | "filters">;

export function canRun({ inherited, filters }: Runs, needs: Needs): boolean {
  if (inherited) return needs.inherited;
  return needs.ours !== undefined && needs.ours.every((filter) => filters.has(filter));
}

/** Nodes that every run of the plan reaches: those in no Branch's arm. */
function certainNodeIds(plan: ExecutionPlan): string[] {
  if (plan === "Empty") return [];
  if ("Branch" in plan) return [plan.Branch.node_id];
  if ("Sequence" in plan) return plan.Sequence.flatMap(certainNodeIds);
  if ("Parallel" in plan) return plan.Parallel.flatMap(certainNodeIds);
  if ("Loop" in plan) return certainNodeIds(plan.Loop.body);
  if ("Remote" in plan) return certainNodeIds(plan.Remote.plan);
  return nodeIdsOf(plan);
}
