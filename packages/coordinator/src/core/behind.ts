import type { EventNumber } from "@planwire/protocol";
import { closeWith } from "./send.js";
import type { Connection, Turn } from "./state.js";
import type { Behind } from "./watch-state.js";

/** What it would have been told now it is told later, all that comes after `from`. */
export function fallBehind(
  turn: Turn,
  connection: Connection,
  planId: string,
  behind: Behind,
): void {
  const { maxWatches } = turn.state.settings;
  if (connection.behind.size < maxWatches) {
    connection.behind.set(planId, behind);
    return;
  }
  closeWith(turn, connection, "SESSION_EXPIRED", `it reads too slowly: ${maxWatches} plans wait`);
}

/** The events before this one were told. */
export function before([boot, n]: EventNumber): EventNumber {
  return [boot, n - 1];
}
