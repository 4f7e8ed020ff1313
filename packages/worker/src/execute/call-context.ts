import type { FilterContext } from "@planwire/plan";
import type { CallReport, FilterCall } from "../core/filter-call.js";
import type { Cancellation } from "./cancellation.js";
import { CallReports } from "./reports.js";

/** What a filter is told about its call, and can say. */
export class CallContext implements FilterContext<unknown> {
  readonly params: unknown;
  readonly nodeId: string;
  readonly planId: string;
  readonly attempt: number;
  readonly workerId: string;
  declare readonly signal: AbortSignal;
  readonly progress: FilterContext<unknown>["progress"];
  readonly log: FilterContext<unknown>["log"];
  readonly #cancellation: Cancellation;

  /**
   * One getter for all contexts, and yet a property of each, so that `{ ...ctx }` has it. (Measured: a context takes 0.2 microseconds; with a
   * getter of its own, as in an object literal, 0.8 and more.)
   */
  static readonly #signal = {
    enumerable: true,
    get(this: CallContext): AbortSignal {
      return this.#cancellation.signal;
    },
  };

  constructor(
    call: FilterCall,
    params: unknown,
    cancellation: Cancellation,
    report: (report: CallReport) => void,
  ) {
    const reports = new CallReports(call.call, report);
    this.params = params;
    this.nodeId = call.nodeId;
    this.planId = call.planId;
    this.attempt = call.attempt;
    this.workerId = call.workerId;
    this.progress = (fraction) => reports.progress(fraction);
    this.log = (message, fields) => reports.log(message, fields);
    this.#cancellation = cancellation;
    Object.defineProperty(this, "signal", CallContext.#signal);
  }
}
