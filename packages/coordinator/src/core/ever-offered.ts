import type { OfferedFilter } from "@planwire/protocol";
import type { CoreState } from "./state.js";

/** Longer names are no names of ours; whoever makes them up must not fill memory with them. */
const LONGEST_NAME = 512;

/** Remembers what filters there are, beyond the life of who offers them: by name and by name@version. The latest `maxOffered` of them. */
export function rememberOffered(
  { everOffered, settings }: CoreState,
  key: string,
  kind: OfferedFilter["kind"],
): void {
  if (key.length > LONGEST_NAME) return;
  everOffered.delete(key);
  everOffered.set(key, kind);
  if (everOffered.size <= settings.maxOffered) return;
  const [oldest] = everOffered.keys();
  if (oldest !== undefined) everOffered.delete(oldest);
}
