import { letGo } from "./ended.js";
import { log } from "./send.js";
import type { CoreState, Execution, Turn } from "./state.js";

// What has ended is kept for a time; then the store is asked to remove it, a little at a time, so that no commit waits long.

const BATCH = 1_000;
/** Between two batches, while there is more to remove. */
const PAUSE_MS = 50;

/** Until when an ended execution is kept, by the plan's own word; undefined: as long as the coordinator keeps all. */
export function expiryOf({ plan }: Execution, finishedAt: number): number | undefined {
  const keepMs = plan.policy?.keep_ms;
  return keepMs === undefined ? undefined : finishedAt + keepMs;
}

export function prune(turn: Turn): void {
  const { state, now, out } = turn;
  if (state.pruneAt === undefined || now.mono < state.pruneAt) return;
  state.pruneAt = undefined;
  const endedBefore = now.wall - state.settings.keepMs;
  forgetEnded(state, now.wall, endedBefore);
  state.pruning = ++state.lastNumber.question;
  const query = { now: now.wall, endedBefore, limit: BATCH };
  out.push({ type: "prune", prune: state.pruning, query });
}

/** What the store is about to remove must not be answered from memory: its id may be taken again. */
function forgetEnded(state: CoreState, now: number, endedBefore: number): void {
  for (const planId of state.ended.keys()) {
    const execution = state.executions.get(planId);
    const { finishedAt } = execution ?? {};
    if (!execution || finishedAt === undefined) continue;
    const expiresAt = expiryOf(execution, finishedAt);
    const isDue = expiresAt === undefined ? finishedAt < endedBefore : expiresAt <= now;
    if (isDue) letGo(state, planId);
  }
}

export function pruneDone(turn: Turn, prune: number, removed: number): void {
  const { state, now } = turn;
  if (state.pruning !== prune) return;
  state.pruning = undefined;
  if (removed > 0) log(turn, "debug", "executions were removed, their time has come", { removed });
  state.pruneAt = now.mono + (removed > 0 ? PAUSE_MS : state.settings.pruneIntervalMs);
}

export function pruneFailed(turn: Turn, prune: number, reason: string): void {
  const { state, now } = turn;
  if (state.pruning !== prune) return;
  state.pruning = undefined;
  log(turn, "warn", "what has been kept long enough could not be removed", { reason });
  state.pruneAt = now.mono + state.settings.pruneIntervalMs;
}
