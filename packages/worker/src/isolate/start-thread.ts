import { Worker } from "node:worker_threads";
import type { FromIsolate, ToIsolate } from "./messages.js";
import { ownCall } from "./own-buffers.js";
import type { StartIsolate } from "./pool.js";
import { threadExecArgv } from "./thread-exec-argv.js";

/** Starts threads that load `files` and run their filters. */
export function threadStarter(files: readonly string[]): StartIsolate {
  return (events) => {
    const thread = new Worker(new URL("./isolate.js", import.meta.url), {
      name: "planwire-filters",
      workerData: { files },
      execArgv: threadExecArgv(),
    });
    let reason: string | undefined;
    thread.on("message", (message: FromIsolate) => events.message(message));
    thread.on("error", (error) => {
      reason = `an error outside of a call: ${error.message}`;
    });
    thread.on("exit", (code) => events.ended(reason ?? `its thread ended with code ${code}`));
    return {
      post: (message) => {
        if (message.type === "abort") return thread.postMessage(message);
        const { message: call, transfer } = ownCall(message.call);
        thread.postMessage({ type: "call", call } satisfies ToIsolate, transfer);
      },
      kill: () => void thread.terminate(),
    };
  };
}
