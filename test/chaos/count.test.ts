// The count itself: each rule is broken once, and must be told.
import type { Outcome, PlanInfo, RunEvent } from "planwire";
import { expect, test } from "vitest";
import { brokenPlans, type Evidence } from "./count.js";
import type { Effect } from "./effects.js";
import { order } from "./plans.js";
import type { Told } from "./work.js";

const WELL = 10;
const HURT = 11;

const succeeded = (n: number): Outcome => ({
  status: "Succeeded",
  output: { type: "Json", data: { n, ms: 0 } },
  states: {},
  attempts: 1,
  duration_ms: 1,
});
const cancelled: Outcome = {
  status: "Cancelled",
  by: "me",
  stopped: true,
  attempts: 1,
  duration_ms: 1,
};

const effect = (at: Effect["at"], changes: Partial<Effect> = {}): Effect => ({
  at,
  part: "p",
  node: "a",
  attempt: 1,
  worker: "w",
  process: WELL,
  ranIn: WELL,
  time: 1,
  ...changes,
});
const ran = (changes: Partial<Effect> = {}) => [effect("begin", changes), effect("end", changes)];

const row = (state: PlanInfo["state"]): PlanInfo => ({
  id: "p",
  kind: "plan",
  state,
  submittedAt: 1,
  finishedAt: 2,
  attempts: 1,
});

interface Changes {
  readonly told?: Partial<Told>;
  readonly effects?: readonly Effect[];
  readonly later?: Outcome;
  readonly listed?: readonly PlanInfo[];
  readonly lapses?: Evidence["lapses"];
}

/** A plan of one call that went well, but for the changes. */
function rulesBroken({ told, effects = ran(), later, listed, lapses = [] }: Changes): string {
  const outcome = told && "outcome" in told ? told.outcome : succeeded(1);
  const one: Told = {
    ordered: order("p", "single", 0, 0),
    submitted: true,
    toldAt: 5,
    events: [],
    thrown: [],
    ...told,
    ...(outcome && { outcome }),
  };
  const evidence: Evidence = {
    told: [one],
    effects,
    later: new Map([["p", later ?? outcome ?? succeeded(1)]]),
    listed: listed ?? [row(outcome?.status ?? "Running")],
    hurt: new Map([[HURT, 3_000]]),
    lapses,
  };
  return brokenPlans(evidence)
    .flatMap(({ rules }) => rules)
    .join("; ");
}

const lapse = { worker: "w", at: 3, knownBy: 5 };
const late = { attempt: 2, worker: "v", process: 12 };

const accepted: RunEvent = { type: "Accepted", number: [1, 1], at: 1 };
const cancel = { taken: true, state: "Cancelling" } as const;

test.each<[string, Changes]>([
  ["what went well", {}],
  [
    "what was lost with a worker and ran again",
    {
      effects: [effect("begin", { process: HURT }), ...ran({ attempt: 2, time: 3_500 })],
    },
  ],
  [
    "what ran again when its worker had lost its lease",
    { effects: [...ran(), ...ran({ ...late, time: 4 })], lapses: [lapse] },
  ],
  [
    "what was called by a worker that did not know as yet that it had lost its lease",
    { effects: [...ran({ ...late, time: 4 }), ...ran({ time: 5 })], lapses: [lapse] },
  ],
  [
    "what was cancelled in the middle",
    {
      told: { outcome: cancelled, cancel },
      effects: [effect("begin"), effect("stopped")],
    },
  ],
])("%s breaks no rule", (_name, changes) => {
  expect(rulesBroken(changes)).toBe("");
});

test.each<[string, Changes]>([
  ["never told its end", { told: { outcome: undefined } }],
  ["a client threw: boom", { told: { thrown: ["boom"] } }],
  ["a later client was told another end", { later: cancelled }],
  ["its watcher saw another end", { told: { watched: cancelled } }],
  ["its watcher saw 0 ends", { told: { watched: succeeded(1) } }],
  ["its watcher saw events twice", { told: { events: [accepted, accepted] } }],
  ["it is listed 0 times", { listed: [] }],
  ["it is listed 2 times", { listed: [row("Succeeded"), row("Succeeded")] }],
  ["it is listed as Running", { listed: [row("Running")] }],
  ["its output is wrong", { told: { outcome: succeeded(2) } }],
  ["nobody had asked for that", { told: { outcome: cancelled }, effects: [] }],
  [
    "a cancel that came too late",
    {
      told: { outcome: cancelled, cancel: { taken: false, state: "Succeeded" } },
      effects: [],
    },
  ],
  ['called "a" 2 times, not 1', { effects: [...ran(), ...ran()] }],
  ["ran in 2 workers", { effects: [...ran(), ...ran({ process: 12 })] }],
  ["ran on a worker that was well", { effects: [...ran(), ...ran({ attempt: 2 })] }],
  [
    "ran on a worker that was well",
    { effects: [effect("begin", { process: HURT }), ...ran({ attempt: 2, time: 1_500 })] },
  ],
  [
    "ran on a worker that was well",
    { effects: [...ran(), ...ran({ ...late, time: 2 })], lapses: [lapse] },
  ],
  [
    "ran on a worker that was well",
    { effects: [...ran({ time: 6 }), ...ran({ ...late, time: 7 })], lapses: [lapse] },
  ],
  [
    "ran on a worker that was well",
    { effects: [...ran(), ...ran({ ...late, time: 4 })], lapses: [{ ...lapse, worker: "v" }] },
  ],
  ['with 0 calls of "a", not 1', { effects: [effect("begin")] }],
  ["it succeeded with 0 calls", { effects: [] }],
  [
    "was called after Cancelled was told",
    {
      told: { outcome: cancelled, cancel },
      effects: [effect("begin", { time: 6 })],
    },
  ],
])("%s", (rule, changes) => {
  expect(rulesBroken(changes)).toContain(rule);
});
