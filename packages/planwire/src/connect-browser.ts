import { connectTo, type Planwire } from "@planwire/client";
import { PlanwireError } from "@planwire/protocol";
import { readConnectOptions, type ConnectOptions } from "./connect-options.js";

/** Connects to the coordinator at a URL. A page has none of its own, so the URL must be given. */
export async function connect(to?: string | URL | ConnectOptions): Promise<Planwire> {
  const { url, token, signal } = readConnectOptions(to);
  if (url === undefined) {
    throw new PlanwireError("BAD_USAGE", "connect() in a browser needs the coordinator's URL", {
      hint: "pass connect({ url, token }), and start the coordinator with --allow-origin",
    });
  }
  return await connectTo({
    url,
    ...(token !== undefined && { token }),
    ...(signal && { signal }),
  });
}
