import type { FilterDefinition } from "@planwire/plan";
import type { CallId, CallOutcome, CallReport, FilterCall } from "../core/filter-call.js";
import { callError } from "../execute/call-error.js";
import { executeCall } from "../execute/call.js";

/** Runs calls against the filters of this thread: the same on the main thread, on a thread of the pool and in a process. */
export class CallServer {
  readonly #find: (key: string) => FilterDefinition | undefined;
  readonly #report: (report: CallReport) => void;
  readonly #running = new Map<CallId, AbortController>();

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
    const controller = new AbortController();
    this.#running.set(call.call, controller);
    try {
      return await executeCall(definition, call, controller.signal, this.#report);
    } finally {
      this.#running.delete(call.call);
    }
  }

  /** Tells a call's filter to stop, if it still runs. */
  abort(call: CallId): void {
    this.#running.get(call)?.abort();
  }

  abortAll(): void {
    for (const controller of this.#running.values()) controller.abort();
  }
}
