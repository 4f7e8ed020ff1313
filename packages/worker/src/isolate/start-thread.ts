import { Worker } from "node:worker_threads";
import type { FromIsolate } from "./messages.js";
import type { StartIsolate } from "./pool.js";

/** Starts threads that load `files` and run their filters. */
export function threadStarter(files: readonly string[]): StartIsolate {
  return (events) => {
    const thread = new Worker(new URL("./isolate.js", import.meta.url), {
      name: "planwire-filters",
      workerData: { files },
    });
    let reason: string | undefined;
    thread.on("message", (message: FromIsolate) => events.message(message));
    thread.on("error", (error) => {
      reason = `an error outside of a call: ${error.message}`;
    });
    thread.on("exit", (code) => events.ended(reason ?? `its thread ended with code ${code}`));
    return {
      post: (message) => thread.postMessage(message),
      kill: () => void thread.terminate(),
    };
  };
}
