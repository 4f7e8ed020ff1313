// Which leases may have ended, judged by what the test did to whom and when, and by what passed on the workers' wires.
import { overlap, type Span } from "./outages.js";
import type { Lease } from "./processes.js";

export interface LeaseEvidence {
  readonly lease: Lease;
  readonly workers: readonly WorkerEvidence[];
  readonly coordinator: {
    /** When it was started; a start gives every lease its full time. */
    readonly starts: readonly number[];
    /** It was dead, or coming up. */
    readonly downs: readonly Span[];
    /** It stood still: no lease runs meanwhile. */
    readonly stops: readonly Span[];
    /** Its log, line by line. */
    readonly said: readonly string[];
  };
}

export interface WorkerEvidence {
  readonly name: string;
  /** It was dead, stopped or coming up, or its wires were cut, stalled or refused. */
  readonly outages: readonly Span[];
  /** Nothing of it reached the coordinator. */
  readonly silences: readonly Span[];
}

/** A lease that ended because its worker had not been heard of for so long. */
export interface Lapse {
  readonly worker: string;
  readonly at: number;
  /** When the worker knew of it at last. */
  readonly knownBy: number;
}

export interface JudgedLeases {
  /** Those that ended as they should. */
  readonly lapses: readonly Lapse[];
  readonly wrong: readonly string[];
}

export function judgeLeases(evidence: LeaseEvidence): JudgedLeases {
  const lapses: Lapse[] = [];
  const wrong = evidence.workers.flatMap((worker) => silentThoughWell(evidence, worker));
  for (const { name, at } of leaseEnds(evidence)) {
    const worker = evidence.workers.find((each) => each.name === name);
    const silence = worker?.silences.find(({ from, to }) => from <= at && at <= to);
    const unheardMs = silence ? runningMs(evidence, sinceStart(evidence, silence.from, at)) : 0;
    if (silence && unheardMs >= leastUnheardMs(evidence)) {
      lapses.push({ worker: name, at, knownBy: silence.to + halfLeaseMs(evidence) });
    } else {
      wrong.push(`the lease of ${name} ended at ${at}, ${unheardMs} ms after it was heard of`);
    }
  }
  return { lapses, wrong };
}

/** A sweep takes up to a second; it sees by as much less how long the coordinator stood still. */
const SWEEP_MS = 1_000;

/** What passed last before a wire was cut may never have been read: the word before it is an interval older. */
function leastUnheardMs({ lease }: LeaseEvidence): number {
  return lease.timeoutMs - lease.intervalMs - SWEEP_MS;
}

function leaseEnds({ coordinator }: LeaseEvidence): { name: string; at: number }[] {
  return coordinator.said.flatMap((line) => {
    if (!line.includes('"its lease ran out"')) return [];
    const { workerId, time } = JSON.parse(line) as { workerId: string; time: number };
    return [{ name: workerId, at: time }];
  });
}

function sinceStart({ coordinator }: LeaseEvidence, from: number, to: number): Span {
  const starts = coordinator.starts.filter((start) => start <= to);
  return { from: Math.max(from, ...starts), to };
}

/** How long the coordinator itself was awake. */
function runningMs({ coordinator }: LeaseEvidence, span: Span): number {
  return span.to - span.from - overlap(span, coordinator.stops);
}

/** The longest that anybody waits between two tries. */
function halfLeaseMs({ lease }: LeaseEvidence): number {
  return lease.timeoutMs / 2;
}

/**
 * Whatever was out, its worker is back within half a lease. Beyond that it is heard of, every interval
 * and, however busy the machine is, every half lease.
 */
function silentThoughWell(evidence: LeaseEvidence, worker: WorkerEvidence): string[] {
  const { coordinator } = evidence;
  const halfLease = halfLeaseMs(evidence);
  const isOut = [...worker.outages, ...coordinator.downs, ...coordinator.stops].map(
    ({ from, to }) => ({ from, to: to + halfLease }),
  );
  return worker.silences.flatMap((silence) => {
    const wellMs = silence.to - silence.from - overlap(silence, isOut);
    if (wellMs <= halfLease) return [];
    return [
      `${worker.name} was not heard of from ${silence.from} to ${silence.to}, and was well for ${wellMs} ms of it`,
    ];
  });
}
