import { isMainThread, parentPort, Worker as Thread, workerData } from "node:worker_threads";
import type { CallOutcome, FilterCall } from "../core/filter-call.js";
import { CallLine } from "./call-line.js";
import { loadFilters } from "./load-filters.js";
import type { FromIsolate, ToIsolate } from "./messages.js";
import { postOutcome } from "./post-outcome.js";
import { CallServer } from "./serve-calls.js";

// The entry of every thread and process that runs filters: loads the modules, then answers calls until it is ended.

interface Port {
  readonly files: readonly string[];
  /** Where calls ahead are claimed. */
  readonly cells?: Int32Array;
  post(message: FromIsolate, transfer?: readonly ArrayBuffer[]): void;
  onMessage(take: (message: ToIsolate) => void): void;
}

function threadPort(port: NonNullable<typeof parentPort>): Port {
  return {
    ...(workerData as Required<Pick<Port, "files" | "cells">>),
    post: (message, transfer = []) => port.postMessage(message, transfer),
    onMessage: (take) => port.on("message", take),
  };
}

function processPort(): Port {
  // Without its worker a process has nothing left to do.
  process.on("disconnect", () => process.exit(0));
  const [parent, ...files] = process.argv.slice(2);
  const watch = { workerData: { parent: Number(parent) } };
  new Thread(new URL("./end-with-parent.js", import.meta.url), watch).unref();
  return {
    files,
    // A worker that is gone is told nothing; its `disconnect` follows.
    post: (message) => void process.send?.(message, () => {}),
    onMessage: (take) => process.on("message", (message) => take(message as ToIsolate)),
  };
}

async function serve(port: Port): Promise<void> {
  // A filter module that was compiled has its errors mapped back to its source; TypeScript that jiti loads keeps its lines by itself.
  process.setSourceMapsEnabled(true);
  const { definitions, filters, failures } = await loadFilters(port.files);
  const server = new CallServer(
    (key) => definitions.get(key),
    (report) => port.post({ type: "report", report }),
  );
  const answer = (call: FilterCall, made: CallOutcome) =>
    postOutcome(call, made, (outcome, transfer) =>
      port.post({ type: "done", call: call.call, outcome }, transfer),
    );
  const line = new CallLine(
    port.cells,
    async (call) => answer(call, await server.run(call)),
    answer,
  );
  port.onMessage((message) => {
    switch (message.type) {
      case "call":
        return line.give([message]);
      case "ahead":
        return line.give(message.calls);
      case "abort":
        if (!line.drop(message.call)) server.abort(message.call);
        return;
    }
  });
  port.post({ type: "loaded", loaded: { filters, failures } });
}

void serve(isMainThread || parentPort === null ? processPort() : threadPort(parentPort));
