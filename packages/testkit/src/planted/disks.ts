import type { Change } from "@planwire/coordinator/core";
import type { Plant } from "../sim/world.js";

// Disks with one fault each: what they say is written is gone when the power fails.

function notSyncing(...types: readonly Change["type"][]): Plant {
  const unsynced = new Set<Change["type"]>(["started", ...types]);
  return { needsSync: ({ changes }) => changes.some(({ type }) => !unsynced.has(type)) };
}

export const DISKS: Readonly<Record<string, Plant>> = {
  "does not sync what it accepts and assigns": notSyncing("accept", "assign"),
  "does not sync results and ends": notSyncing("takeResult", "finish"),
  "does not sync cancels": notSyncing("wishCancel"),
};
