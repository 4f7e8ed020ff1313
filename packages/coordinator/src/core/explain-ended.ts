import type { Outcome } from "@planwire/protocol";
import type { StoredAttempt, StoredExecution } from "../store/store.js";
import { isTry } from "./retries.js";

/** Attempts that are listed, the last ones. */
const MOST_LINES = 20;

/** How an execution ended, and what was tried. */
export function explainEnded(stored: StoredExecution, outcome: Outcome, wall: number): string[] {
  const { attempts, planId, finishedAt = wall } = stored;
  const ago = Math.max(0, Math.round((wall - finishedAt) / 1000));
  const tries = `${attempts.length} ${attempts.length === 1 ? "attempt" : "attempts"}`;
  const end = `it ${how(outcome)} ${ago} s ago, after ${tries} and ${outcome.duration_ms} ms`;
  const listed = attempts.slice(-MOST_LINES);
  const left = attempts.length - listed.length;
  return [
    end,
    ...(left > 0 ? [`of its attempts the last ${MOST_LINES}:`] : []),
    ...listed.map((attempt) => history(planId, attempt)),
  ];
}

function how(outcome: Outcome): string {
  switch (outcome.status) {
    case "Succeeded":
      return "succeeded";
    case "Failed":
      return `failed (${outcome.error.code}: ${outcome.error.message})`;
    case "Cancelled":
      return `was cancelled by ${outcome.by}${outcome.stopped ? "" : ", and a call could not be stopped"}`;
  }
}

function history(
  planId: string,
  { partId, attempt, workerId, started, lost, result }: StoredAttempt,
): string {
  const part = partId === planId ? "" : ` of part "${partId}"`;
  return `attempt ${attempt}${part} on worker "${workerId}": ${fate(started, lost, result)}`;
}

function fate(
  started: boolean,
  lost: StoredAttempt["lost"],
  result: StoredAttempt["result"],
): string {
  if (lost !== undefined) {
    // Who answered had started, be it that nobody said so.
    const ran = started || isTry(lost.cost);
    return `${ran ? "started, then lost" : "lost before it started"}: ${lost.reason}`;
  }
  switch (result?.status) {
    case "Success":
      return "succeeded";
    case "Failed":
      return `failed${result.code === undefined ? "" : ` (${result.code})`}`;
    case "Cancelled":
      return "cancelled";
    case undefined:
      return "not answered before the end";
  }
}
