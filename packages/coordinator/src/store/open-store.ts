import { PlanwireError } from "@planwire/protocol";
import { memoryStore } from "./memory.js";
import type { Store } from "./store.js";

/** The store that `--store` names: `memory`. Anything else is BAD_USAGE. */
export function openStore(spec: string): Store {
  if (spec === "memory") return memoryStore();
  throw new PlanwireError("BAD_USAGE", `unknown store ${JSON.stringify(spec)}, expected memory`);
}
