import { cutFor, nodeIdsOf, targetsOf } from "@planwire/plan";
import type { ExecutionPlan, RemoteTarget, SerializedPlan } from "@planwire/protocol";
import type { CoreState, Needs, WorkerSession } from "./state.js";

/**
 * What a worker must have to run this plan, or part of one, whole. A bound node needs a worker of ours that offers its filter; a
 * pickled one a peer of the inherited wire; one with neither a worker of ours that offers its id, or, when none ever did, an inherited peer.
 */
export function needsOf(
  state: CoreState,
  plan: SerializedPlan,
  target: RemoteTarget | undefined = targetsOf(plan.plan)[0],
): Needs {
  const { bound, pickled } = sourcesOf(plan);
  let ours: Set<string> | undefined = new Set();
  let inherited = true;
  for (const nodeId of nodeIdsOf(plan.plan)) {
    const uses = bound.get(nodeId);
    if (uses === undefined && pickled.has(nodeId)) {
      ours = undefined;
      continue;
    }
    ours?.add(uses ?? nodeId);
    if (uses !== undefined || state.everOffered.has(nodeId)) inherited = false;
  }
  return {
    worker: target && "WorkerId" in target ? target.WorkerId : undefined,
    tag: target && "Tag" in target ? target.Tag : undefined,
    ours: ours && [...ours].sort(),
    inherited,
  };
}

/**
 * Nodes that a peer of the inherited wire may take, each by itself. In a Fit only pickled ones: of what is known by its id alone nobody could say here
 * whether it is to be fitted.
 */
export function openToInherited(state: CoreState, plan: SerializedPlan): ReadonlySet<string> {
  const { bound, pickled } = sourcesOf(plan);
  const isForward = plan.mode == null || plan.mode === "Forward";
  const isOpen = (nodeId: string) =>
    !bound.has(nodeId) && (pickled.has(nodeId) || (isForward && !state.everOffered.has(nodeId)));
  return new Set(nodeIdsOf(plan.plan).filter(isOpen));
}

/** What workers of ours must offer: nobody else has it, or brings it. */
export function filtersOfOurs(plan: SerializedPlan, open: ReadonlySet<string>): string[] {
  const { bound, pickled } = sourcesOf(plan);
  return nodeIdsOf(plan.plan).flatMap((nodeId) => {
    const uses = bound.get(nodeId);
    if (uses !== undefined) return [uses];
    return pickled.has(nodeId) || open.has(nodeId) ? [] : [nodeId];
  });
}

/** Where nodes have their filters from: those that workers of ours have, by node, and those that come pickled. */
function sourcesOf({ bindings, filters }: SerializedPlan) {
  return {
    bound: new Map((bindings ?? []).map(({ node_id, uses }) => [node_id, uses])),
    pickled: new Set((filters ?? []).map(({ node_id }) => node_id)),
  };
}

/** Of what can't be cut any finer, a stream or a subtree: to a peer of the inherited wire a tree means something else. */
export function uncutNeedsOf(
  state: CoreState,
  plan: SerializedPlan,
  target: RemoteTarget | undefined = targetsOf(plan.plan)[0],
): Needs {
  const needs = needsOf(state, plan, target);
  const meansTheSame = cutFor(plan, { inherited: true }).kind === "whole";
  return meansTheSame ? needs : { ...needs, inherited: false };
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

export function laneKeyOf({ worker, tag, ours, inherited }: Needs): string {
  return JSON.stringify([worker, tag, ours, inherited]);
}

/** Nodes that every run of the plan reaches: those in no Branch's arm. */
export function certainNodeIds(plan: ExecutionPlan): string[] {
  if (plan === "Empty") return [];
  if ("Branch" in plan) return [plan.Branch.node_id];
  if ("Sequence" in plan) return plan.Sequence.flatMap(certainNodeIds);
  if ("Parallel" in plan) return plan.Parallel.flatMap(certainNodeIds);
  if ("Loop" in plan) return certainNodeIds(plan.Loop.body);
  if ("Remote" in plan) return certainNodeIds(plan.Remote.plan);
  return nodeIdsOf(plan);
}
