import type { Coordinator } from "@planwire/coordinator";
import { isPlanwireError } from "@planwire/protocol";
import type { Screen } from "../print/screen.js";

export interface DevCoordinatorFlags {
  /** A port that was asked for is that port or nothing. */
  readonly port?: number;
  readonly store: string;
  readonly token?: string;
}

const DEFAULT_PORT = 7420;
const PORTS_TRIED = 20;

/** A coordinator on the default port, or on the next one that is free, which is said. */
export async function startOnFreePort(
  { port, store, token }: DevCoordinatorFlags,
  screen: Screen,
): Promise<Coordinator> {
  const { startCoordinator } = await import("@planwire/coordinator");
  const start = (at: number) =>
    startCoordinator({ host: "127.0.0.1", port: at, store, ...(token !== undefined && { token }) });
  if (port !== undefined) return start(port);
  for (let next = DEFAULT_PORT; ; next++) {
    try {
      const coordinator = await start(next);
      if (next > DEFAULT_PORT)
        screen.say(`port ${DEFAULT_PORT} is in use, so this is port ${next}`);
      return coordinator;
    } catch (error) {
      const isLast = next === DEFAULT_PORT + PORTS_TRIED;
      if (!isPlanwireError(error, "PORT_IN_USE") || isLast) throw error;
    }
  }
}
