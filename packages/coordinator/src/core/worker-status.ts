import type { WorkerSummary } from "@planwire/protocol";
import { freeSlots } from "./slots.js";
import type { WorkerSession } from "./state.js";

export function statusOf(worker: WorkerSession): "ready" | "busy" | "draining" | "stopped" {
  if (worker.conn === undefined) return "stopped";
  if (worker.draining || worker.dismissed !== undefined) return "draining";
  return freeSlots(worker) > 0 ? "ready" : "busy";
}

export function activeIn({
  held,
}: WorkerSession): Pick<WorkerSummary, "active_plans" | "active_streams"> {
  const streams = [...held.values()].filter(({ kind }) => kind === "stream").length;
  return { active_plans: held.size - streams, active_streams: streams };
}
