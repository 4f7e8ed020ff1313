import { meets } from "../core/needs.js";
import { maxAttemptsOf } from "../core/retries.js";
import { suits } from "../core/alone.js";
import { freeSlots } from "../core/slots.js";
import type { CoreState, Execution, Lane, Part, WorkerSession } from "../core/state.js";
import type { Timers } from "../core/timers.js";
import { lanesFor, workersFor } from "../core/worker-groups.js";

/** What contradicts itself in a coordinator's state; nothing, after every step. */
export function brokenInvariants(state: Readonly<CoreState>): string[] {
  return [
    ...[...state.executions.values()].flatMap((execution) => ofExecution(state, execution)),
    ...[...state.workers.values()].flatMap((worker) => ofWorker(state, worker)),
    ...[...state.lanes.values()].flatMap((lane) => ofLane(state, lane)),
    ...ofConnections(state),
    ...ofStreams(state),
    ...ofCounts(state),
  ];
}

type Claim = readonly [holds: boolean, what: string];

function broken(...claims: readonly Claim[]): string[] {
  return claims.flatMap(([holds, what]) => (holds ? [] : [what]));
}

function ofExecution(state: Readonly<CoreState>, execution: Execution): string[] {
  const { planId, parts, outcome, writing, next, watchers } = execution;
  const named = (what: string) => `execution ${planId} ${what}`;
  const hasEnded = outcome !== undefined;
  const isPending = writing !== undefined || next !== undefined;
  return [
    ...broken(
      [
        (hasEnded && !isPending) === state.ended.has(planId),
        named("is not where ended ones are kept"),
      ],
      [!hasEnded || parts.size === 0, named("has ended and has parts")],
      [hasEnded || parts.size > 0, named("has not ended and waits for no part")],
      [!hasEnded || isPending || watchers === undefined, named("has ended and is watched")],
      [next === undefined || writing !== undefined, named("has changes that nobody writes")],
      [!hasEnded || execution.deadline === undefined, named("has ended and has a deadline")],
    ),
    ...(watchers ?? []).flatMap(({ conn }) =>
      broken([
        state.connections.get(conn)?.watches.has(planId) ?? false,
        named(`is watched by ${conn}, which does not know`),
      ]),
    ),
    ...[...parts.values()].flatMap((part) => {
      const setbacks = ofSetbacks(state, part, named);
      if (part.workerId === undefined) return [...setbacks, ...ofWaiting(state, part, named)];
      const holding = state.workers.get(part.workerId)?.held.get(part.partId);
      return broken(
        [setbacks.length === 0, setbacks.join("; ")],
        [holding !== undefined, named(`thinks that ${part.workerId} holds ${part.partId}`)],
        [holding?.attempt === part.attempt, named(`and ${part.workerId} differ on the attempt`)],
        [holding?.abandoned === false, named(`waits for ${part.partId}, which is abandoned`)],
      );
    }),
  ];
}

/** What has been tried often enough, or killed enough, is not tried again. */
function ofSetbacks(
  { settings }: Readonly<CoreState>,
  part: Part,
  named: (what: string) => string,
): string[] {
  const { tries, deaths, unstarted } = part.setbacks ?? { tries: 0, deaths: [], unstarted: 0 };
  const most = maxAttemptsOf(settings, part.execution);
  return broken(
    [tries < most, named(`tries ${part.partId} again after ${tries} of ${most} tries`)],
    [deaths.length < settings.maxDeaths, named(`tries ${part.partId} again, which is poison`)],
    [deaths.length <= tries, named(`counts more deaths of ${part.partId} than tries`)],
    [tries + unstarted <= part.attempt, named(`counts a try of ${part.partId} twice`)],
  );
}

/** It is in a lane, or waits for its next try: one of both. */
function ofWaiting(
  state: Readonly<CoreState>,
  part: Part,
  named: (what: string) => string,
): string[] {
  const { backoff, keeper, alone = false } = part.setbacks ?? {};
  const isTimed = backoff !== undefined && state.backoffs[backoff.index] === backoff;
  return broken(
    [isQueued(state, part) !== isTimed, named(`lost the part ${part.partId}, or has it twice`)],
    [backoff === undefined || isTimed, named(`waits for a timer of ${part.partId} that is gone`)],
    [keeper === undefined || alone, named(`has a worker kept for ${part.partId}, no suspect`)],
  );
}

function isQueued(state: Readonly<CoreState>, part: Part): boolean {
  return [...state.lanes.values()].some(
    ({ queue, returned }) => queue.has(part) || returned.includes(part),
  );
}

function ofWorker(state: Readonly<CoreState>, worker: WorkerSession): string[] {
  const { workerId, conn, held, slots, rival } = worker;
  const named = (what: string) => `worker ${workerId} ${what}`;
  const connection = conn === undefined ? undefined : state.connections.get(conn);
  return [
    ...broken(
      // After a restart a worker may hold what it runs, and results that did not reach the disk.
      [state.boot > 1 || held.size <= slots, named(`holds ${held.size} with ${slots} slots`)],
      [conn === undefined || connection?.workerId === workerId, named("has a foreign connection")],
      [rival === undefined || conn !== undefined, named("is gone and contested")],
      [
        freeSlots(worker) <= 0 || (worker.group?.free.knows(worker) ?? false),
        named("has a free slot that nobody finds"),
      ],
      [
        worker.group === undefined || state.groups.get(worker.group.key) === worker.group,
        named("is in a group that is gone"),
      ],
      [
        state.boot > 1 || held.size === 1 || ![...held.values()].some(({ alone }) => alone),
        named("runs a suspect beside something else"),
      ],
    ),
    ...[...held.values()].flatMap(({ planId, partId, attempt, abandoned }) => {
      if (abandoned) return [];
      const part = state.executions.get(planId)?.parts.get(partId);
      const isIts = part?.workerId === workerId && part.attempt === attempt;
      return broken([isIts, named(`holds ${partId}, of which nobody knows`)]);
    }),
  ];
}

function ofLane(state: Readonly<CoreState>, lane: Lane): string[] {
  const { needs, queue, returned } = lane;
  const workers = new Set(workersFor(state, lane));
  const named = (what: string) => `lane ${needs.key} ${what}`;
  const waiting = [...queue, ...returned];
  const fitting = [...state.workers.values()].filter((worker) => meets(worker, needs));
  return [
    ...broken(
      [waiting.length > 0, named("is kept empty")],
      [new Set(waiting).size === waiting.length, named("has a part twice")],
      [
        fitting.length === workers.size && fitting.every((worker) => workers.has(worker)),
        named("does not know who fits"),
      ],
      [
        fitting.every((worker) => [...lanesFor(state, worker)].includes(lane)),
        named("is not known to who fits"),
      ],
      [
        !fitting.some((one) => freeSlots(one) > 0 && waiting.some((part) => couldTake(one, part))),
        named("waits beside a free slot"),
      ],
    ),
    ...waiting.flatMap(({ partId, workerId, execution }) =>
      broken(
        [workerId === undefined, named(`has ${partId}, which a worker has`)],
        [execution.parts.has(partId), named(`has ${partId}, which has ended`)],
      ),
    ),
  ];
}

/** A suspect waits beside a free slot as long as its worker is not empty. */
function couldTake(worker: WorkerSession, part: Part): boolean {
  return !worker.held.has(part.partId) && suits(worker, part);
}

function ofConnections(state: Readonly<CoreState>): string[] {
  return [...state.connections.values()].flatMap(
    ({ id, workerId, watches, streams, questions, blocked, behind }) => {
      const worker = workerId === undefined ? undefined : state.workers.get(workerId);
      const asked = [...state.loads.values(), ...state.lists.values()].filter(
        ({ conn }) => conn === id,
      );
      return broken(
        [workerId === undefined || worker?.conn === id, `${id} is a worker's that has another`],
        [behind.size === 0 || blocked, `${id} reads as fast as it is told, and is not told all`],
        [asked.length === questions, `${id} counts ${questions} of ${asked.length} questions`],
        ...[...watches].map((planId): Claim => [
          state.executions.get(planId)?.watchers?.some(({ conn }) => conn === id) ?? false,
          `${id} watches ${planId}, which does not know`,
        ]),
        ...[...streams].map((streamId): Claim => [
          state.streams.get(streamId)?.client === id,
          `${id} keeps the stream ${streamId}, which is gone`,
        ]),
      );
    },
  );
}

function ofStreams(state: Readonly<CoreState>): string[] {
  return [...state.streams.values()].flatMap(({ streamId, execution, phase, input }) =>
    broken(
      [execution.streamId === streamId, `stream ${streamId} has a foreign execution`],
      [execution.outcome === undefined, `stream ${streamId} outlives its execution`],
      [phase !== "ended", `stream ${streamId} is kept after its end`],
      [input.sent.chunks <= input.granted.chunks, `stream ${streamId} sent without credit`],
    ),
  );
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}

function ofCounts(state: Readonly<CoreState>): string[] {
  const lanes = [...state.lanes.values()];
  const queued = lanes.reduce((sum, { queue, returned }) => sum + queue.size + returned.length, 0);
  const writing = [...state.writes.values()];
  const { settings, executions, ended } = state;
  const live = [...executions.values()].filter(({ planId }) => !ended.has(planId));
  return broken(
    [isInOrder(state.deadlines), "a deadline stands out of order"],
    [isInOrder(state.backoffs), "a backoff stands out of order"],
    [
      state.deadlines.every(({ item, index }) => item.deadline?.index === index && !item.outcome),
      "a deadline of nobody's is awaited",
    ],
    [
      state.backoffs.every(({ item }) => item.execution.parts.get(item.partId) === item),
      "a part that has ended is to be tried again",
    ],
    [state.queued === queued, `${state.queued} parts are counted, ${queued} are queued`],
    [writing.every((one) => one.writing !== undefined), "a write is awaited that nobody waits for"],
    [state.ended.size <= settings.maxEnded, "too many ended are kept"],
    [state.endedBytes <= settings.maxEndedBytes, "ended ones take too much"],
    [state.endedBytes === sum([...state.ended.values()]), "the bytes of ended ones are miscounted"],
    [
      state.liveBytes === sum(live.map(({ bytes }) => bytes)),
      "the bytes of live ones are miscounted",
    ],
  );
}

/** None is due before the one above it. */
function isInOrder(timers: Timers<unknown>): boolean {
  return timers.every(({ at }, index) => index === 0 || (timers[(index - 1) >> 1]?.at ?? 0) <= at);
}
