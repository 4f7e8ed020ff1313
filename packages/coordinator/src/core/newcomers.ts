import type { ConnectionId } from "@planwire/protocol";
import { closeWith } from "./send.js";
import type { CoreState, Turn } from "./state.js";

// Who has connected and says nothing holds one of a bounded number of places.

export function expectHello({ state, now }: Turn, conn: ConnectionId): void {
  state.newcomers.set(conn, now.mono + state.settings.helloTimeoutMs);
}

/** When the next one has had its time. Those that came first are the first to go, so there is no need to look at others. */
export function nextHelloCheck({ newcomers, connections }: CoreState): number | undefined {
  for (const [conn, until] of newcomers) {
    if (connections.get(conn)?.phase === "new") return until;
    newcomers.delete(conn);
  }
  return undefined;
}

export function closeSilentNewcomers(turn: Turn): void {
  const { state, now } = turn;
  extendIfLate(turn);
  for (let at = nextHelloCheck(state); at !== undefined && at <= now.mono;) {
    const [conn] = state.newcomers.keys();
    const connection = conn === undefined ? undefined : state.connections.get(conn);
    if (!connection) return;
    const { helloTimeoutMs } = state.settings;
    const message = `neither Hello nor Register came within ${helloTimeoutMs} ms`;
    closeWith(turn, connection, "SESSION_EXPIRED", message);
    at = nextHelloCheck(state);
  }
}

/** A look that comes this late means that this process stood still, and heard nobody: what was said meanwhile has that time to be read. */
const LATE_MS = 1_000;

function extendIfLate({ state, now }: Turn): void {
  const late = now.mono - (nextHelloCheck(state) ?? now.mono);
  if (late < LATE_MS) return;
  for (const [conn, until] of state.newcomers) {
    state.newcomers.set(conn, until + late + LATE_MS);
  }
}
