import { PlanwireError } from "@planwire/protocol";
import { abortable } from "./abortable.js";
import { resolveLimits, type ClientLimits } from "./client-limits.js";
import { Driver } from "./driver.js";
import { errorOf } from "./error-of-failure.js";
import { PlanwireClient, type OfferFilters } from "./planwire-client.js";
import type { Planwire } from "./planwire.js";

export interface ConnectToOptions {
  /** `ws://HOST:PORT`, or wss, http, https. */
  readonly url: string | URL;
  readonly token?: string;
  /** Gives up connecting, with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Milliseconds that the first connection may take, all tries together. Default 5000. */
  readonly timeoutMs?: number;
  /** Bounds that seldom need another value. */
  readonly limits?: Partial<ClientLimits>;
  readonly offerFilters?: OfferFilters;
  /** Told when somebody begins to wait for something, and when nobody does any more. It begins busy. */
  readonly onBusy?: (busy: boolean) => void;
  /** Awaited at the end of `close()`. */
  readonly onClosed?: () => Promise<void>;
}

const FIRST_CONNECTION_MS = 5_000;

/**
 * Connects to a coordinator. When the connection is lost later, it is made again, for as long as it takes.
 * @throws PlanwireError COORDINATOR_UNREACHABLE, UNAUTHORIZED, FORBIDDEN, UNSUPPORTED_VERSION, BAD_USAGE
 */
export async function connectTo(options: ConnectToOptions): Promise<Planwire> {
  const { token, signal, timeoutMs, offerFilters, onClosed, onBusy = () => undefined } = options;
  const url = webSocketUrl(options.url);
  const driver = new Driver({
    url,
    token,
    firstConnectionMs: timeoutMs ?? FIRST_CONNECTION_MS,
    limits: resolveLimits(options.limits),
    onBusy,
  });
  try {
    const why = await abortable(driver.connected, signal);
    if (!why) return new PlanwireClient(driver, { offerFilters, onClosed });
    throw errorOf({ ...why, message: `${why.message} (${url})` });
  } catch (error) {
    await driver.close();
    throw error;
  }
}

const SCHEMES: ReadonlyMap<string, string> = new Map([
  ["ws:", "ws:"],
  ["wss:", "wss:"],
  ["http:", "ws:"],
  ["https:", "wss:"],
]);

function webSocketUrl(given: string | URL): string {
  const url = URL.canParse(String(given)) ? new URL(given) : undefined;
  const scheme = url && SCHEMES.get(url.protocol);
  if (!url || !scheme) {
    throw new PlanwireError("BAD_USAGE", `${String(given)} is no address of a coordinator`, {
      hint: "it looks like ws://127.0.0.1:7420",
    });
  }
  url.protocol = scheme;
  url.hash = ""; // a WebSocket's URL has none
  return url.href;
}
