// The strict count: what the clients were told, what the filters did, what the store lists, held against each other.
import { isDeepStrictEqual } from "node:util";
import type { EventNumber, Outcome, PlanInfo } from "planwire";
import type { Effect } from "./effects.js";
import type { Lapse } from "./leases.js";
import type { Ordered } from "./plans.js";
import type { Told } from "./work.js";

export interface Evidence {
  readonly told: readonly Told[];
  readonly effects: readonly Effect[];
  /** What a client that came later was told. */
  readonly later: ReadonlyMap<string, Outcome>;
  readonly listed: readonly PlanInfo[];
  /** Processes of workers that were killed, and when that was noticed. */
  readonly hurt: ReadonlyMap<number, number>;
  /** Leases that ended as they should. */
  readonly lapses: readonly Lapse[];
}

export interface Broken {
  readonly id: string;
  readonly rules: readonly string[];
}

/** Every plan with the rules that it broke; none is what is hoped for. */
export function brokenPlans(evidence: Evidence): Broken[] {
  const { told, effects, later, listed } = evidence;
  const effectsOf = groupBy(effects, ({ part }) => planOf(part));
  const listedAs = groupBy(listed, ({ id }) => id);
  return told.flatMap((one) => {
    const { id } = one.ordered;
    const rules = [
      ...toldWrong(one, later.get(id)),
      ...listedWrong(one, listedAs.get(id) ?? []),
      ...outcomeWrong(one),
      ...effectsWrong(one, effectsOf.get(id) ?? [], evidence),
    ];
    return rules.length > 0 ? [{ id, rules }] : [];
  });
}

/** A part's id begins with its plan's. */
export function planOf(part: string): string {
  return part.split("/")[0] ?? part;
}

function toldWrong({ outcome, watched, events, thrown }: Told, later: Outcome | undefined) {
  const rules = thrown.map((what) => `a client threw: ${what}`);
  if (!outcome) return [...rules, "its submitter was never told its end"];
  if (!isDeepStrictEqual(later, outcome)) rules.push("a later client was told another end");
  if (watched && !isDeepStrictEqual(watched, outcome)) rules.push("its watcher saw another end");
  const ends = events.filter(({ type }) => type === "Finished");
  if (watched && ends.length !== 1) rules.push(`its watcher saw ${ends.length} ends`);
  if (!events.every(({ number }, index) => isBehind(number, events[index - 1]?.number))) {
    rules.push("its watcher saw events twice, or in another order");
  }
  const [end] = ends;
  if (end?.type === "Finished" && end.status !== outcome.status) {
    rules.push(`its watcher's Finished says ${end.status}`);
  }
  return rules;
}

/** Numbers are pairs of the coordinator's start and a count. */
function isBehind([boot, n]: EventNumber, before: EventNumber | undefined): boolean {
  if (!before) return true;
  return boot > before[0] || (boot === before[0] && n > before[1]);
}

function listedWrong({ outcome }: Told, rows: readonly PlanInfo[]): string[] {
  const [row] = rows;
  if (!row || rows.length > 1) return [`it is listed ${rows.length} times`];
  if (row.state !== outcome?.status) return [`it is listed as ${row.state}`];
  return row.finishedAt === undefined ? ["it is listed without its end's time"] : [];
}

function outcomeWrong({ ordered, outcome, cancel }: Told): string[] {
  switch (outcome?.status) {
    case undefined:
      return [];
    case "Succeeded":
      if (ordered.isEndless) return ["it succeeded, though it has no end"];
      return isRight(ordered, outcome) ? [] : ["its output is wrong"];
    case "Cancelled":
      if (!cancel) return ["it was cancelled, and nobody had asked for that"];
      return cancel.taken ? [] : ["it was cancelled by a cancel that came too late"];
    case "Failed": {
      const { code, message } = outcome.error;
      return ordered.mayFail.includes(code) ? [] : [`it failed with ${code}: ${message}`];
    }
  }
}

function isRight(
  ordered: Ordered,
  { output, states }: Extract<Outcome, { status: "Succeeded" }>,
): boolean {
  const task = output.type === "Json" ? output.data : undefined;
  const isCounted = typeof task === "object" && task !== null && "n" in task;
  if (!isCounted || task["n"] !== ordered.n) return false;
  return isDeepStrictEqual(Object.keys(states).sort(), ordered.states);
}

/** What became of workers. */
type Losses = Pick<Evidence, "hurt" | "lapses">;

function effectsWrong(told: Told, effects: readonly Effect[], losses: Losses): string[] {
  const parts = [...groupBy(effects, ({ part }) => part).values()];
  const rules = parts.flatMap((ofPart) => partWrong(told.ordered, ofPart, losses));
  if (told.outcome?.status === "Succeeded") rules.push(...unfinished(told.ordered, effects));
  if (told.outcome?.status === "Cancelled") rules.push(...lateBegins(told, effects, losses));
  return rules;
}

/** One attempt runs every call at most once; another one is made only for a worker, or an isolate, that was hurt. */
function partWrong(
  { calls, killsIsolates }: Ordered,
  effects: readonly Effect[],
  losses: Losses,
): string[] {
  const attempts = groupBy(effects, ({ attempt }) => attempt);
  const newest = Math.max(...attempts.keys());
  return [...attempts].flatMap(([attempt, ofAttempt]) => {
    const rules: string[] = [];
    const ran = groupBy(ofAttempt.filter(isBegin), ({ node }) => node);
    for (const [node, begins] of ran) {
      const most = calls.get(node) ?? 0;
      if (begins.length > most) {
        rules.push(`attempt ${attempt} called "${node}" ${begins.length} times, not ${most}`);
      }
    }
    const processes = new Set(ofAttempt.map(({ process }) => process));
    if (processes.size > 1) rules.push(`attempt ${attempt} ran in ${processes.size} workers`);
    const later = effects.filter((effect) => effect.attempt > attempt);
    const again = Math.min(...later.map(({ time }) => time));
    const isExcused = killsIsolates || ofAttempt.some((effect) => mayBeLost(effect, again, losses));
    if (attempt !== newest && !isExcused) {
      rules.push(`attempt ${attempt} ran on a worker that was well, and ${newest} after it`);
    }
    return rules;
  });
}

/** The coordinator sees by a socket that a process is dead, before the test hears of it. */
const NOTICED_WITHIN_MS = 1_000;

/** Its worker's process was killed by then, or lost its lease: after this call, or before the worker knew of it. */
function mayBeLost({ process, worker, time }: Effect, by: number, losses: Losses): boolean {
  const diedAt = losses.hurt.get(process) ?? Infinity;
  if (diedAt <= by + NOTICED_WITHIN_MS) return true;
  return losses.lapses.some(
    (lapse) => lapse.worker === worker && lapse.at <= by && time <= lapse.knownBy,
  );
}

/** The newest attempt of each part is the one whose result was taken: all its calls ran to their end. */
function unfinished({ calls }: Ordered, effects: readonly Effect[]): string[] {
  const newestOf = new Map<string, number>();
  for (const { part, attempt } of effects) {
    newestOf.set(part, Math.max(attempt, newestOf.get(part) ?? 0));
  }
  const taken = effects.filter(({ part, attempt }) => newestOf.get(part) === attempt);
  return [...calls].flatMap(([node, times]) => {
    const ended = taken.filter((effect) => effect.node === node && effect.at === "end").length;
    return ended === times ? [] : [`it succeeded with ${ended} calls of "${node}", not ${times}`];
  });
}

function lateBegins(
  { toldAt = Infinity }: Told,
  effects: readonly Effect[],
  losses: Losses,
): string[] {
  const late = effects.filter(
    (effect) => isBegin(effect) && effect.time > toldAt && !mayBeLost(effect, effect.time, losses),
  );
  return late.map(({ node }) => `"${node}" was called after Cancelled was told`);
}

function isBegin({ at }: Effect): boolean {
  return at === "begin";
}

function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
