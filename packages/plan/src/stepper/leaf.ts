import type { ExecutionPlan, RemoteTarget, WireError } from "@planwire/protocol";
import type { Signal } from "../signal.js";
import type { Path } from "../tree.js";
import type { Source } from "./source.js";

/** `fit` and `forward` are one call of one filter; `whole` is a subtree that the driver runs by other means. */
export type LeafOp = "fit" | "forward" | "whole";

/** One thing that the driver runs. */
export interface Leaf<H> {
  /** Unique in its execution: `<path>#<passes>` and `:fit` or `:forward`; "" when it is the whole plan. */
  key: string;
  path: Path;
  /** The pass, from 0, of every Loop around it, outermost first. */
  passes: readonly number[];
  op: LeafOp;
  /** `cached` reads a cache and fails with CACHE_MISS without an entry; `part` is a whole subtree. */
  kind: "execute" | "cached" | "part";
  /** Absent on a part. */
  nodeId?: string;
  /** What runs, as a plan of its own. A Branch's condition is an Execute here. */
  plan: ExecutionPlan;
  input: Source<H>;
  /** The state that a forward runs with. */
  state?: H;
  /** 32 bytes; on a cached leaf. */
  cacheKey?: number[];
  /** What the innermost Remote around it says, or the Remotes inside a part when they all say the same. */
  target?: RemoteTarget;
}

export type LeafOutcome<H> =
  /** `states` by node id: the one of a fit, or all of a part in Fit. The output of a fit is ignored. */
  | { status: "done"; output: H; signal: Signal; states?: Record<string, H> }
  | { status: "failed"; error: WireError }
  | { status: "cancelled" };

/** What the driver has to do next. */
export interface StepResult<H> {
  start: Leaf<H>[];
  /** Keys of started leaves to stop. Each is named once, and must still be completed. */
  cancel: string[];
  /** Given once, with the last completion. */
  end?: End<H>;
}

export type End<H> =
  /** `states` are those that this run fitted. */
  | { status: "Succeeded"; output: Source<H>; states: Record<string, H> }
  | { status: "Failed"; error: WireError }
  | { status: "Cancelled" };

export function leafKeyOf(path: Path, passes: readonly number[], op: LeafOp): string {
  if (op === "whole" && path.length === 0) return "";
  const at = `${path.join(".")}#${passes.join(".")}`;
  return op === "whole" ? at : `${at}:${op}`;
}
