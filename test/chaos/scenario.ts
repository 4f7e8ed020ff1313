// One scenario from its start to the count: fleet, work, faults, quiet, evidence; and the story when something is wrong.
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "planwire";
import { aftermathOf, processesLeft } from "./aftermath.js";
import type { Chance } from "../chance.js";
import { brokenPlans, planOf, type Broken } from "./count.js";
import { readEffects } from "./effects.js";
import { judgeLeases, type LeaseEvidence } from "./leases.js";
import type { Ordered } from "./plans.js";
import { Fleet, type FleetOptions } from "./processes.js";
import { Schedule, type Fault, type Rhythm } from "./schedule.js";
import { Work } from "./work.js";

export interface Scenario extends FleetOptions {
  readonly orders: (chance: Chance) => readonly Ordered[];
  readonly inFlight: number;
  /** Shares from 0 to 1. */
  readonly watched: number;
  readonly cancelled: number;
  /** Each list is drawn from at the same time as the others. */
  readonly faults: (fleet: Fleet, work: Work) => readonly (readonly Fault[])[];
  readonly rhythm: Rhythm;
}

/** Of a whole test: starting, faults, quiet and the count, on a machine that has much else to do. */
export const TEST_TIMEOUT_MS = 600_000;

/** How long everything may take to end once nothing goes wrong any more. */
const QUIET_WITHIN_MS = 180_000;
/** Stories told in full. */
const TOLD_STORIES = 3;

/** Plays it, and throws what is wrong with the story of it. */
export async function play(scenario: Scenario, seed: number): Promise<void> {
  const schedule = new Schedule(seed);
  const fleet = new Fleet(scenario);
  let work: Work | undefined;
  try {
    await fleet.start();
    work = await startWork(scenario, fleet, schedule);
    const working = work.done();
    await disturb(scenario, fleet, work, schedule);
    await heal(fleet, work);
    const tooLong = sleep(QUIET_WITHIN_MS, false, { ref: false });
    const isDone = await Promise.race([working.then(() => true), tooLong]);
    await judge(fleet, work, schedule, isDone);
  } finally {
    await work?.close();
    await fleet.end();
  }
}

function startWork(scenario: Scenario, fleet: Fleet, schedule: Schedule): Promise<Work> {
  const { inFlight, watched, cancelled } = scenario;
  const chance = schedule.chance(0);
  const orders = scenario.orders(chance);
  return Work.on(fleet, { orders, chance, inFlight, watched, cancelled });
}

async function disturb(
  { faults, rhythm }: Scenario,
  fleet: Fleet,
  work: Work,
  schedule: Schedule,
): Promise<void> {
  const goesOn = () => work.goesOn;
  const lists = faults(fleet, work).map((list, index) =>
    schedule.run(list, schedule.chance(index + 1), rhythm, goesOn),
  );
  try {
    await Promise.all(lists);
  } catch (error) {
    throw new Error(await storyOf(fleet, work, schedule, [], ["a fault went wrong"]), {
      cause: error,
    });
  }
  schedule.note("quiet");
}

async function heal(fleet: Fleet, { wires }: Work): Promise<void> {
  for (const each of [...Object.values(wires), ...fleet.workers.map((worker) => worker.wires)]) {
    each.heal();
  }
  for (const each of [fleet.coordinator, ...fleet.workers]) {
    each.continue();
    await each.ready();
  }
}

async function judge(fleet: Fleet, work: Work, schedule: Schedule, isDone: boolean): Promise<void> {
  const told = [...work.told.values()];
  if (!isDone) {
    const stuck = work.unfinished.map(({ ordered: { id } }) => ({ id, rules: ["it never ended"] }));
    throw new Error(await storyOf(fleet, work, schedule, stuck, ["not all was told in time"]));
  }
  const ids = told.map(({ ordered }) => ordered.id);
  const { later, listed, wrong } = await aftermathOf(fleet, ids);
  const leases = judgeLeases(leaseEvidence(fleet));
  const effects = readEffects(fleet.effects);
  const hurt = new Map(fleet.workers.flatMap((worker) => [...worker.hurt]));
  const broken = brokenPlans({ told, effects, later, listed, hurt, lapses: leases.lapses });
  const allWrong = [...leases.wrong, ...wrong];
  const story = () => storyOf(fleet, work, schedule, broken, allWrong);
  if (broken.length + allWrong.length > 0) throw new Error(await story());
  const left = await processesLeft(fleet);
  if (left.length > 0) throw new Error([...left, ...schedule.lines].join("\n"));
  console.log(scoreOf(work, schedule, effects.length, hurt.size, leases.lapses.length));
}

function leaseEvidence({ lease, coordinator, workers }: Fleet): LeaseEvidence {
  const { starts, downs, stops, said } = coordinator;
  return {
    lease,
    coordinator: { starts, downs: downs.spans, stops: stops.spans, said },
    workers: workers.map(({ name, downs, stops, wires }) => ({
      name,
      outages: [...downs.spans, ...stops.spans, ...wires.outages],
      silences: wires.signs.silences,
    })),
  };
}

function scoreOf(
  work: Work,
  schedule: Schedule,
  effects: number,
  hurt: number,
  lapses: number,
): string {
  const told = [...work.told.values()];
  const ended = (status: string) => told.filter(({ outcome }) => outcome?.status === status).length;
  const again = told.filter(({ outcome, ordered }) => (outcome?.attempts ?? 0) > ordered.parts);
  return [
    `seed ${schedule.seed}: ${told.length} plans, ${schedule.lines.length - 2} faults, ${effects} effects;`,
    `${ended("Succeeded")} succeeded, ${ended("Cancelled")} cancelled, ${ended("Failed")} failed,`,
    `${again.length} were tried again; ${hurt} workers were hurt, ${lapses} leases ended`,
  ].join(" ");
}

async function storyOf(
  fleet: Fleet,
  work: Work,
  schedule: Schedule,
  broken: readonly Broken[],
  wrong: readonly string[],
): Promise<string> {
  const effects = readEffects(fleet.effects);
  const stories = await Promise.all(
    broken.slice(0, TOLD_STORIES).map(async ({ id, rules }) => {
      const told = work.told.get(id);
      return [
        `--- ${id} (${told?.ordered.kind}): ${rules.join("; ")}`,
        `told: ${JSON.stringify({ ...told, ordered: undefined, events: undefined })}`,
        ...(await eventsOf(fleet, id)),
        ...effects.filter(({ part }) => planOf(part) === id).map((each) => JSON.stringify(each)),
        ...fleet.coordinator.said.filter((line) => line.includes(`"${id}`)),
      ].join("\n");
    }),
  );
  return [
    ...wrong,
    `${broken.length} plans broke a rule`,
    ...broken.slice(0, 20).map(({ id, rules }) => `${id}: ${rules.join("; ")}`),
    ...schedule.lines,
    ...stories,
    "--- coordinator",
    ...fleet.coordinator.said.slice(-100),
    ...fleet.workers.flatMap(({ name, said, hurt, pid }) => [
      `--- ${name}: now ${pid}, hurt ${[...hurt.keys()].join(" ")}`,
      ...said.slice(-30),
    ]),
  ].join("\n");
}

/** As the coordinator tells it now. */
async function eventsOf(fleet: Fleet, id: string): Promise<string[]> {
  const asks = new AbortController();
  const timer = setTimeout(() => asks.abort(), 5_000);
  const lines: string[] = [];
  try {
    const client = await connect({
      url: `ws://127.0.0.1:${fleet.coordinator.port}`,
      signal: asks.signal,
    });
    asks.signal.addEventListener("abort", () => void client.close());
    const run = await client.get(id);
    lines.push(`explained: ${await run.explain()}`);
    for await (const event of run.events()) lines.push(JSON.stringify(event));
    await client.close();
  } catch (error) {
    lines.push(`no more events: ${String(error)}`);
  } finally {
    clearTimeout(timer);
  }
  return lines;
}
