import { parentPort, workerData } from "node:worker_threads";
import { Link } from "./link.js";
import type { FromLink, LinkOptions, ToLink } from "./messages.js";
import { BatchPoster } from "./post-in-batches.js";

// The entry of the link thread. No filter ever runs here, so nothing that a filter does delays a heartbeat.

function serve(port: NonNullable<typeof parentPort>): void {
  const poster = new BatchPoster<FromLink>(port, (_message, error) => {
    throw error;
  });
  const link = new Link(workerData as LinkOptions, {
    post: (message, transfer) => poster.post(message, transfer),
    flush: () => poster.flush(),
    exit: () => {
      poster.flush();
      process.exit(0);
    },
  });
  port.on("message", (messages: readonly ToLink[]) => {
    for (const message of messages) link.take(message);
    poster.flush();
  });
  // A rejection ends this thread, and its host tells.
  void link.start();
}

if (parentPort !== null) serve(parentPort);
