import { connectTo, type Planwire } from "@planwire/client";
import type { ConnectOptions } from "../connect-options.js";
import { Runtime } from "./runtime.js";

/** A coordinator, its workers and a client in this process. They live as long as the client, and keep no idle process alive. */
export async function connectEmbedded(options: ConnectOptions): Promise<Planwire> {
  sayOnce();
  const { filters, workers = 1, signal, limits } = options;
  signal?.throwIfAborted();
  const runtime = await Runtime.start({ filters, workers });
  try {
    return await connectTo({
      url: runtime.url,
      token: runtime.token,
      ...(signal && { signal }),
      ...(limits && { limits }),
      offerFilters: (definitions) => runtime.offer(definitions),
      onBusy: (busy) => runtime.setBusy(busy),
      onClosed: () => runtime.close(),
    });
  } catch (error) {
    await runtime.close();
    throw error;
  }
}

let isSaid = false;

function sayOnce(): void {
  if (isSaid) return;
  isSaid = true;
  process.stderr.write(
    "planwire: no URL given, so a coordinator and a worker run in this process, in memory only\n",
  );
}
