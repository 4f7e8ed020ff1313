import { NOT_THERE } from "./loss-reasons.js";
import { loseAttempt } from "./results.js";
import type { Holding, Turn, WorkerSession } from "./state.js";

// What becomes of what a worker had. Only an attempt that started costs anything: its worker's life, where it died; a try, where it left.

/** The worker is gone for good, and all that it held with it. `died`: it did not leave in good order. */
export function loseAll(turn: Turn, worker: WorkerSession, reason: string, died: boolean): void {
  const held = [...worker.held.values()];
  const isOneOfSeveral = died && held.filter(({ started }) => started).length > 1;
  for (const holding of held) {
    const { started } = holding;
    const cost = died ? (started ? "worker" : "unstarted") : started ? "try" : "nothing";
    const isSuspect = isOneOfSeveral && started;
    loseAttempt(turn, worker, holding, { reason, cost, isSuspect, atOnce: !died });
  }
}

/** The worker lives, and has it neither by its heartbeat nor when it comes back. */
export function loseUnknown(turn: Turn, worker: WorkerSession, holding: Holding): void {
  loseAttempt(turn, worker, holding, {
    reason: NOT_THERE,
    cost: holding.started ? "try" : "nothing",
    isSuspect: false,
    atOnce: true,
  });
}

/** A peer of the inherited wire knows no attempts: its answer would mean a connection that ended with the last coordinator. */
export function loseByRestart(turn: Turn, worker: WorkerSession, holding: Holding): void {
  const reason = "the coordinator was restarted";
  loseAttempt(turn, worker, holding, { reason, cost: "try", isSuspect: false, atOnce: true });
}
