import type { ClientLimits } from "@planwire/client";
import { PlanwireError } from "@planwire/protocol";

export interface ConnectOptions {
  /** `ws://HOST:PORT` of a coordinator; PLANWIRE_URL stands for it. Without either, one is embedded (Node only). */
  readonly url?: string | URL;
  /** PLANWIRE_TOKEN stands for it. */
  readonly token?: string;
  /** Embedded only: a module whose exported filters run in threads. A file URL, or a path from the working directory. */
  readonly filters?: string | URL;
  /** Embedded only: how many workers. Default 1. */
  readonly workers?: number;
  /** Bounds of this connection that seldom need another value. */
  readonly limits?: Partial<ClientLimits>;
  /** Gives up connecting, with the signal's reason. */
  readonly signal?: AbortSignal;
}

const KNOWN: { readonly [K in keyof Required<ConnectOptions>]: true } = {
  url: true,
  token: true,
  filters: true,
  workers: true,
  limits: true,
  signal: true,
};

/** What was passed to `connect`, as options. Throws BAD_USAGE for what it does not know. */
export function readConnectOptions(to: string | URL | ConnectOptions | undefined): ConnectOptions {
  if (to === undefined) return {};
  if (typeof to === "string" || to instanceof URL) return { url: to };
  const unknown = Object.keys(to).filter((name) => !Object.hasOwn(KNOWN, name));
  if (unknown.length > 0) {
    throw new PlanwireError("BAD_USAGE", `connect() has no option ${unknown.join(", ")}`, {
      hint: `it takes ${Object.keys(KNOWN).join(", ")}`,
    });
  }
  const { workers } = to;
  if (workers !== undefined && !(Number.isInteger(workers) && workers > 0)) {
    throw new PlanwireError("BAD_USAGE", `workers must be a whole number from 1, got ${workers}`);
  }
  if (to.url !== undefined && (to.filters !== undefined || workers !== undefined)) {
    throw new PlanwireError("BAD_USAGE", "filters and workers are for connect() without a url", {
      hint: "start workers with their filters: npx planwire worker --filters FILE",
    });
  }
  return to;
}
