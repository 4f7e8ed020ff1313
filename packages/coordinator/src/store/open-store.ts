import { PlanwireError } from "@planwire/protocol";
import { byDurability } from "./by-durability.js";
import { memoryStore } from "./memory.js";
import { sqliteStore } from "./sqlite.js";
import type { Store } from "./store.js";

const SQLITE = "sqlite:";

/** The store that `--store` names: `memory`, or `sqlite:FILE`. Anything else is BAD_USAGE. */
export function openStore(spec: string): Store {
  if (spec === "memory") return memoryStore();
  const file = spec.startsWith(SQLITE) ? spec.slice(SQLITE.length) : "";
  if (file !== "") return byDurability(sqliteStore(file));
  throw new PlanwireError("BAD_USAGE", `unknown store ${JSON.stringify(spec)}`, {
    hint: "Expected `memory`, or `sqlite:FILE` such as `sqlite:planwire.db`.",
  });
}
