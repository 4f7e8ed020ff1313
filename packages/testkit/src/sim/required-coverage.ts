import type { Coverage } from "./coverage.js";

/** How often at least each comes up in a hundred seeds. A race that never happens proves nothing. */
const LEAST_IN_A_HUNDRED: Readonly<Record<string, number>> = {
  "fault: a client is cut off": 50,
  "fault: a client is killed": 50,
  "fault: a client's connection breaks": 80,
  "fault: a filter kills its worker": 60,
  "fault: a worker drains": 20,
  "fault: a worker is cut off": 80,
  "fault: a worker is deaf": 30,
  "fault: a worker is killed": 80,
  "fault: a worker is paused": 50,
  "fault: a worker's connection breaks": 80,
  "fault: a write fails": 100,
  "fault: an isolate dies": 20,
  "fault: an isolate is killed after its grace": 20,
  "fault: many workers leave at once": 20,
  "fault: the clock jumps": 50,
  "fault: the coordinator is killed": 80,
  "fault: the coordinator is killed in a commit": 30,
  "fault: the coordinator is paused": 40,
  "fault: the disk is full": 50,
  "fault: the disk is slow": 50,
  "fault: the network is slow": 50,
  "race: a fit succeeds": 20,
  "race: a plan with a Branch succeeds": 60,
  "race: a plan with a Loop succeeds": 70,
  "race: a restart between the passes of a Loop": 3,
  "race: failed: NO_MATCHING_ARM": 4,
  "race: a cancel comes too late": 30,
  "race: a cancel while the coordinator is down": 50,
  "race: a plan is cancelled that could not be stopped": 30,
  "race: a restart before a plan was assigned": 50,
  "race: a restart between the parts of a plan": 20,
  "race: a restart while a plan is being cancelled": 5,
  "race: a result against a cancel": 5,
  "race: a result is sent again: its acknowledgement was lost": 4,
  "race: a result of an attempt that was lost": 10,
  "race: a stream fails with a reason": 3,
  "race: a stream is cancelled": 5,
  "race: a stream is lost with its connection": 50,
  "race: a submission can't be written": 50,
  "race: a submission is sent again: its acceptance was lost": 5,
  "race: a worker comes back with an attempt that was lost": 2,
  "race: a worker comes back with what it runs": 50,
  "race: a worker connects beside its old socket": 10,
  "race: a worker takes over its id": 30,
  "race: a write landed untold": 10,
  "race: a write lost with its coordinator": 10,
  "race: a plan is forgotten with its coordinator": 40,
  "race: failed: DEADLINE_EXCEEDED": 80,
  "race: failed: POISON_PLAN": 20,
  "race: lost: FILTER_ERROR": 40,
  "race: lost: WORKER_CRASH": 30,
  "race: lost: its lease ran out": 50,
  "race: lost: the worker did not have it": 20,
  "race: one id, two contents": 50,
  "race: the coordinator stands still for a lease": 4,
  "race: the same submission twice": 80,
};

export function tooRare(coverage: Coverage, seeds: number): string[] {
  return Object.entries(LEAST_IN_A_HUNDRED).flatMap(([what, least]) => {
    const wanted = Math.floor((least * seeds) / 100);
    const found = coverage.of(what);
    return found >= wanted ? [] : [`${what}: ${found} times, expected at least ${wanted}`];
  });
}
