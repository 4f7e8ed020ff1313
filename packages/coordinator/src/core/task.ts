import type {
  Outcome,
  PlanResult,
  PlanwireError,
  StopHow,
  Value,
  WireError,
} from "@planwire/protocol";
import type { WriteAnswer } from "../store/store.js";
import type { Execution, Part, StreamRun, Waiting, WorkerSession } from "./state.js";

/**
 * What one decision asks of another room. Parts end plans, plans start parts, parts take slots, slots take parts: said as tasks, these
 * need no calls in a circle, and no stack grows with a plan.
 */
export type Task =
  | { readonly do: "dispatchPart"; readonly part: Part }
  | { readonly do: "fillSlots"; readonly worker: WorkerSession }
  | { readonly do: "endPart"; readonly part: Part; readonly result: PlanResult }
  | { readonly do: "stopHolding"; readonly part: Part }
  | { readonly do: "walkByLeaves"; readonly execution: Execution }
  | { readonly do: "finish"; readonly execution: Execution; readonly ending: Ending }
  | { readonly do: "endStream"; readonly execution: Execution; readonly outcome: Outcome }
  | { readonly do: "completeStream"; readonly run: StreamRun; readonly result: PlanResult }
  | { readonly do: "answer"; readonly execution: Execution; readonly waiting: Waiting }
  | {
      readonly do: "refuseSubmission";
      readonly execution: Execution;
      readonly answer: Extract<WriteAnswer, { type: "exists" | "failed" }>;
    }
  | { readonly do: "forget"; readonly execution: Execution; readonly why: PlanwireError };

/** How an execution ends, before its outcome says what it took. */
export type Ending =
  | { readonly status: "Succeeded"; readonly output: Value; readonly states: Record<string, Value> }
  | { readonly status: "Failed"; readonly error: WireError }
  | { readonly status: "Cancelled"; readonly stopped: boolean; readonly how?: StopHow };
