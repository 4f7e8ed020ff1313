import { createServer, type Server } from "node:net";
import { PlanwireError } from "@planwire/protocol";

/** How many ports after a taken one are looked at. */
const PORTS_TRIED = 20;

/**
 * Resolves with the port that the server listens on.
 * @throws PlanwireError PORT_IN_USE; BAD_USAGE for a host or port that this machine doesn't give
 */
export async function listen(server: Server, host: string, port: number): Promise<number> {
  try {
    return await portOf(server, host, port);
  } catch (error) {
    throw await explained(error as NodeJS.ErrnoException, host, port);
  }
}

function portOf(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

async function explained(
  cause: NodeJS.ErrnoException,
  host: string,
  port: number,
): Promise<PlanwireError> {
  if (cause.code !== "EADDRINUSE") {
    return new PlanwireError("BAD_USAGE", `can't listen on ${host}:${port}: ${cause.message}`, {
      hint: "`--host` is a name or address of this machine, `--port` one that you may listen on.",
      cause,
    });
  }
  const free = await freePortAfter(host, port);
  return new PlanwireError("PORT_IN_USE", `port ${port} on ${host} is in use`, {
    hint:
      free === undefined
        ? "Choose another with `--port`; 0 takes any that is free."
        : `Port ${free} is free: \`--port ${free}\`.`,
    cause,
  });
}

async function freePortAfter(host: string, taken: number): Promise<number | undefined> {
  const last = Math.min(taken + PORTS_TRIED, 65_535);
  for (let port = taken + 1; port <= last; port++) {
    const probe = createServer();
    const isFree = await portOf(probe, host, port).then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    await new Promise((resolve) => probe.close(resolve));
    return port;
  }
  return undefined;
}
