import { closeWith } from "./send.js";
import type { Turn } from "./state.js";

// A machine that is gone says no goodbye, and a browser sends no pings: a client that has said nothing for a while is pinged, and its connection
// closed when even then nothing comes. Else its streams would keep their slots until the operating system gave the socket up.

/** How often in the time that a client has. */
const LOOKS = 4;

export function awaitClients({ state, now }: Turn): void {
  state.clientsAt ??= now.mono + state.settings.clientTimeoutMs / LOOKS;
}

/** A look that comes late means that this process stood still, and heard nobody. */
export function closeSilentClients(turn: Turn): void {
  const { state, now } = turn;
  if (state.clientsAt === undefined || now.mono < state.clientsAt) return;
  const late = now.mono - state.clientsAt;
  state.clientsAt = undefined;
  for (const connection of state.connections.values()) {
    if (connection.phase !== "client") continue;
    awaitClients(turn);
    connection.lastHeard = Math.min(now.mono, connection.lastHeard + late);
    const silentMs = now.mono - connection.lastHeard;
    const { clientTimeoutMs } = state.settings;
    if (silentMs >= clientTimeoutMs) {
      const message = `nothing was heard of this client for ${clientTimeoutMs} ms`;
      closeWith(turn, connection, "SESSION_EXPIRED", message);
    } else if (silentMs >= clientTimeoutMs / 2)
      turn.out.push({ type: "probe", conn: connection.id });
  }
}
