import * as z from "zod/mini";
import { AnyId } from "./ids.js";
import { UInt64 } from "./schema/numbers.js";
import type { KnownWorkerEvent, WorkerEvent } from "./worker-event.js";

/** A node's id, what it ran, and how long that took in milliseconds. */
export const RanNode = z.tuple([AnyId, z.enum(["forward", "fit"]), UInt64]);
export type RanNode = z.infer<typeof RanNode>;

/** The nodes that these events are of, where they say of one after another that it started and completed, and nothing else. */
export function ranNodesIn(events: readonly WorkerEvent[]): RanNode[] | undefined {
  const ran: RanNode[] = [];
  for (let i = 0; i < events.length; i += 2) {
    const node = ranNode(events[i], events[i + 1]);
    if (node === undefined) return undefined;
    ran.push(node);
  }
  return ran;
}

function ranNode(
  started: WorkerEvent | undefined,
  completed: WorkerEvent | undefined,
): RanNode | undefined {
  if (started?.event_type !== "NodeStarted" || completed?.event_type !== "NodeCompleted") return;
  const { node_id, kind } = started as EventOf<"NodeStarted">;
  const { node_id: ended, duration } = completed as EventOf<"NodeCompleted">;
  if (ended !== node_id || (kind !== "forward" && kind !== "fit")) return undefined;
  return [node_id, kind, duration];
}

type EventOf<T extends KnownWorkerEvent["event_type"]> = Extract<
  KnownWorkerEvent,
  { event_type: T }
>;

/** The events that `ranNodesIn` was given. */
export function eventsOfRanNodes(run_id: string, ran: readonly RanNode[]): KnownWorkerEvent[] {
  return ran.flatMap(([node_id, kind, duration]): KnownWorkerEvent[] => [
    { event_type: "NodeStarted", run_id, node_id, kind },
    { event_type: "NodeCompleted", run_id, node_id, duration },
  ]);
}
