import { Worker } from "node:worker_threads";
import { Claims } from "./claims.js";
import type { StartIsolate } from "./member.js";
import type { FromIsolate, ToIsolate } from "./messages.js";
import { ownCall, type Posted } from "./own-buffers.js";
import { threadExecArgv } from "./thread-exec-argv.js";

/** Starts threads that load `files` and run their filters. */
export function threadStarter(files: readonly string[]): StartIsolate {
  return (events) => {
    const claims = new Claims();
    const thread = new Worker(new URL("./isolate.js", import.meta.url), {
      name: "planwire-filters",
      workerData: { files, cells: claims.cells },
      execArgv: threadExecArgv(),
    });
    let reason: string | undefined;
    thread.on("message", (message: FromIsolate) => events.message(message));
    thread.on("error", (error) => {
      reason = `an error outside of a call: ${error.message}`;
    });
    // Whatever it has posted comes before, also when it is terminated.
    thread.on("exit", (code) => events.ended(reason ?? `its thread ended with code ${code}`));
    return {
      claims,
      post: (message) => {
        const { message: own, transfer } = ownMessage(message);
        thread.postMessage(own, transfer);
      },
      kill: () => void thread.terminate(),
    };
  };
}

function ownMessage(message: ToIsolate): Posted<ToIsolate> {
  switch (message.type) {
    case "call": {
      const { message: call, transfer } = ownCall(message.call);
      return { message: { type: "call", call }, transfer };
    }
    case "ahead": {
      const own = message.calls.map(({ call, claim }) => ({ claim, call: ownCall(call) }));
      const calls = own.map(({ claim, call }) => ({ call: call.message, claim }));
      return {
        message: { type: "ahead", calls },
        transfer: own.flatMap(({ call }) => call.transfer),
      };
    }
    case "abort":
      return { message, transfer: [] };
  }
}
