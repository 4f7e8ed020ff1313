import { workerData } from "node:worker_threads";

// Runs beside the thread of an isolated process that runs filters. While a filter blocks that one, it hears of nothing, and would outlive
// its worker, for ever perhaps.

const LOOKS_EVERY_MS = 1_000;
const { parent } = workerData as { parent: number };

setInterval(() => {
  if (!isAlive()) process.kill(process.pid, "SIGKILL");
}, LOOKS_EVERY_MS);

/** An orphan gets another parent; where it does not (Windows), the parent's id stands for nobody. */
function isAlive(): boolean {
  if (process.ppid !== parent) return false;
  try {
    process.kill(parent, 0);
    return true;
  } catch {
    return false;
  }
}
