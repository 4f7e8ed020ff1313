// The judge of leases itself: what may end one, and what may not.
import { expect, test } from "vitest";
import { judgeLeases, type LeaseEvidence } from "./leases.js";
import type { Span } from "./outages.js";

const LEASE = { intervalMs: 500, timeoutMs: 5_000 };

interface Changes {
  /** Milliseconds at which the lease of `w` ended. */
  readonly endedAt?: number;
  readonly silences?: readonly Span[];
  readonly outages?: readonly Span[];
  readonly starts?: readonly number[];
  readonly downs?: readonly Span[];
  readonly stops?: readonly Span[];
}

function judge(changes: Changes) {
  const { endedAt, silences = [], outages = [], starts = [0], downs = [], stops = [] } = changes;
  const gone = { level: 30, time: endedAt, workerId: "w", reason: "its lease ran out" };
  const said = ["no JSON", JSON.stringify({ level: 30, time: 1, workerId: "w" })];
  const evidence: LeaseEvidence = {
    lease: LEASE,
    workers: [{ name: "w", outages, silences }],
    coordinator: {
      starts,
      downs,
      stops,
      said: endedAt === undefined ? said : [...said, JSON.stringify(gone)],
    },
  };
  return judgeLeases(evidence);
}

const span = (from: number, to: number): Span => ({ from, to });
/** From ten seconds on it stood still for seven. */
const stopped = { outages: [span(10_000, 17_000)], silences: [span(9_700, 17_100)] };

test("a lease may end after a lease without a word, and the worker knows it soon after its next one", () => {
  expect(judge({ ...stopped, endedAt: 15_000 })).toEqual({
    lapses: [{ worker: "w", at: 15_000, knownBy: 17_100 + 2_500 }],
    wrong: [],
  });
});

test.each<[string, Changes]>([
  ["a worker that was heard of all the time", { endedAt: 15_000 }],
  ["a worker that was heard of again", { ...stopped, endedAt: 18_000 }],
  ["a worker whose silence was too short as yet", { ...stopped, endedAt: 13_000 }],
  [
    "a silence of which the coordinator slept half",
    { ...stopped, endedAt: 15_000, stops: [span(11_000, 13_500)] },
  ],
  [
    "a silence in which the coordinator came back",
    { ...stopped, endedAt: 15_000, starts: [0, 12_000] },
  ],
])("no lease may end because of %s", (_name, changes) => {
  const { lapses, wrong } = judge(changes);
  expect(lapses).toEqual([]);
  expect(wrong).toEqual([expect.stringContaining("the lease of w ended at")]);
});

test.each<[string, Changes]>([
  ["while it is stopped", stopped],
  [
    "while the coordinator is away",
    { silences: [span(9_700, 17_100)], downs: [span(10_000, 15_000)] },
  ],
  ["for half a lease", { silences: [span(1_000, 3_400)] }],
  [
    "for half a lease after its wires were cut",
    { silences: [span(1_000, 5_400)], outages: [span(1_500, 1_500)] },
  ],
])("a worker may be silent %s", (_name, changes) => {
  expect(judge(changes).wrong).toEqual([]);
});

test.each<[string, Changes]>([
  ["when nothing was done to it", { silences: [span(1_000, 4_000)] }],
  ["for long after it was stopped", { ...stopped, silences: [span(9_700, 22_500)] }],
  ["before it is stopped", { ...stopped, silences: [span(7_000, 17_100)] }],
])("a worker may not be silent %s", (_name, changes) => {
  expect(judge(changes).wrong).toEqual([expect.stringContaining("w was not heard of")]);
});
