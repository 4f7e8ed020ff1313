import type { WorkerHealth } from "@planwire/protocol";
import type { WorkerSession } from "./state.js";

export interface Health {
  readonly state: WorkerHealth;
  /** Milliseconds. */
  readonly forMs: number;
  /** What it means, to be read after the worker's name. */
  readonly reason: string;
}

/** What is wrong with a worker; undefined when nothing is. The worst counts. */
export function healthOf(worker: WorkerSession, leaseMs: number, mono: number): Health | undefined {
  const { lostAt, deaf, heartbeats, lastSeen, blockedSince } = worker;
  const silentMs = mono - lastSeen;
  const leaseEnds = `its lease ends in ${seconds(leaseMs - silentMs)}`;
  if (lostAt !== undefined) {
    const forMs = mono - lostAt;
    const reason = `lost its connection ${seconds(forMs)} ago; ${leaseEnds}`;
    return { state: "lost", forMs, reason };
  }
  if (deaf) {
    const forMs = mono - deaf.since;
    const reason = `sends heartbeats and leaves assignments unhandled; it was asked ${seconds(forMs)} ago`;
    return { state: "deaf", forMs, reason };
  }
  if (heartbeats && silentMs > leaseMs / 2) {
    const reason = `was heard last ${seconds(silentMs)} ago; ${leaseEnds}`;
    return { state: "silent", forMs: silentMs, reason };
  }
  if (blockedSince === undefined) return undefined;
  const forMs = mono - blockedSince;
  const reason = `has a main thread that has not answered for ${seconds(forMs)}: inline filters wait, all else goes on`;
  return { state: "blocked", forMs, reason };
}

/** Why a connected worker is given nothing, whatever slots it has; undefined when it may be. */
export function whyNoWork({
  dismissed,
  draining,
  deaf,
  rival,
  otherSlots,
}: WorkerSession): string | undefined {
  if (dismissed !== undefined) return `is leaving: ${dismissed}`;
  if (draining) return "is leaving";
  if (deaf) return "leaves assignments unhandled";
  if (rival) return "is asked whether it lives, since another process wants its id";
  if (otherSlots === 0) return undefined;
  const slots = otherSlots === 1 ? "slot" : "slots";
  return `has ${otherSlots} ${slots} taken by calls that could not be stopped, or by others`;
}

function seconds(ms: number): string {
  return `${Math.max(0, Math.round(ms / 1000))} s`;
}
