import { connectTo, type Planwire } from "@planwire/client";
import { PlanwireError } from "@planwire/protocol";
import { readConnectOptions, type ConnectOptions } from "./connect-options.js";

/**
 * Connects to the coordinator at a URL, or at PLANWIRE_URL. Without either, a coordinator (memory only) and a worker run in this process:
 * filters that submitted plans hold run on the main thread, those of `filters` in threads. That is said on stderr, and refused under
 * NODE_ENV=production.
 * @throws PlanwireError COORDINATOR_UNREACHABLE (after 5 s), UNAUTHORIZED, FORBIDDEN, BAD_USAGE, FILTER_LOAD_FAILED
 */
export async function connect(to?: string | URL | ConnectOptions): Promise<Planwire> {
  const options = readConnectOptions(to);
  const { PLANWIRE_URL, PLANWIRE_TOKEN, NODE_ENV } = process.env;
  const url = options.url ?? (PLANWIRE_URL || undefined);
  if (url === undefined) {
    if (NODE_ENV === "production") throw notInProduction();
    const { connectEmbedded } = await import("./embed/connect-embedded.js");
    return await connectEmbedded(options);
  }
  const token = options.token ?? (PLANWIRE_TOKEN || undefined);
  return await connectTo({
    url,
    ...(token !== undefined && { token }),
    ...(options.limits && { limits: options.limits }),
    ...(options.signal && { signal: options.signal }),
  });
}

function notInProduction(): PlanwireError {
  return new PlanwireError(
    "BAD_USAGE",
    "connect() needs to know the coordinator's URL in production",
    {
      hint: "set PLANWIRE_URL, or pass connect({ url })",
    },
  );
}
