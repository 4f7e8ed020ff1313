import type { FilterDefinition } from "@planwire/plan";
import type { CallId, CallOutcome, CallReport, FilterCall } from "../core/filter-call.js";
import { callError } from "../execute/call-error.js";
import { executeCall } from "../execute/call.js";
import { Cancellation } from "../execute/cancellation.js";

/** Runs calls against the filters of this thread: the same on the main thread, on a thread of the pool and in a process. */
export class CallServer {
  readonly #find: (key: string) => FilterDefinition | undefined;
  readonly #report: (report: CallReport) => void;
  readonly #running = new Map<CallId, Cancellation>();

  constructor(
    find: (key: string) => FilterDefinition | undefined,
    report: (report: CallReport) => void,
  ) {
    this.#find = find;
    this.#report = report;
  }

  async run(call: FilterCall): Promise<CallOutcome> {
    const definition = this.#find(call.filter);
    if (definition === undefined) {
      const message = `filter "${call.filter}" is offered, but this thread does not have it`;
      return { status: "failed", error: callError("INTERNAL", message, call.nodeId) };
    }
    const cancellation = new Cancellation();
    this.#running.set(call.call, cancellation);
    try {
      return await executeCall(definition, call, cancellation, this.#report);
    } finally {
      this.#running.delete(call.call);
    }
  }

  /** Tells a call's filter to stop, if it still runs. */
  abort(call: CallId): void {
    this.#running.get(call)?.abort();
  }

  abortAll(): void {
    for (const cancellation of this.#running.values()) cancellation.abort();
  }
}
