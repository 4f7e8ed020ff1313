import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { StartIsolate } from "./member.js";
import type { FromIsolate } from "./messages.js";
import { ownOutcome } from "./own-buffers.js";

/** Starts processes that load `files` and run their filters. They end with this process, however it ends. */
export function processStarter(files: readonly string[]): StartIsolate {
  return (events) => {
    const isolate = fileURLToPath(new URL("./isolate.js", import.meta.url));
    const child = fork(isolate, [String(process.pid), ...files], {
      // As between threads: typed arrays and bigints stay what they are.
      serialization: "advanced",
      execArgv: [],
    });
    let failure: string | undefined;
    child.on("message", (message) => events.message(withOwnBytes(message as FromIsolate)));
    child.on("error", (error) => {
      failure = `its process failed: ${error.message}`;
      if (child.pid === undefined) events.ended(failure);
    });
    child.on("exit", (code, signal) => {
      const how = signal === null ? `code ${code}` : `signal ${signal}`;
      events.ended(failure ?? `its process ended with ${how}`);
    });
    return {
      // A child that is about to exit can't be sent to any more; its exit tells.
      post: (message) => void child.send(message, () => {}),
      kill: () => void child.kill("SIGKILL"),
    };
  };
}

/** Its bytes come as views into what was read of the pipe, where other messages lie, too. */
function withOwnBytes(message: FromIsolate): FromIsolate {
  if (message.type !== "done") return message;
  return { ...message, outcome: ownOutcome(message.outcome).message };
}
