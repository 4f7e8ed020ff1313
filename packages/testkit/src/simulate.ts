import { complain, Complaint } from "./oracle/rule.js";
import { leaksOfClient, leaksOfCoordinator, leaksOfWorker } from "./oracle/leaks.js";
import type { Fact } from "./oracle/facts.js";
import { Oracle } from "./oracle/oracle.js";
import { COORDINATOR } from "./sim/coordinator-process.js";
import { Coverage } from "./sim/coverage.js";
import type { Owed } from "./oracle/rule.js";
import { ENDLESS } from "./sim/filters.js";
import { KEEP_ALIVE_MS } from "./sim/network.js";
import { Races } from "./sim/races.js";
import { planForOld, planOf } from "./sim/story-plans.js";
import { Story } from "./sim/story.js";
import type { Plant } from "./sim/world.js";

export interface Failure {
  /** What the oracle has to say. */
  readonly sentence: string;
  readonly planId: string | undefined;
  /** What happened to that plan, or the end of everything. */
  readonly story: readonly string[];
}

export interface Report {
  readonly seed: number;
  /** Of the log: the same in every run of a seed. */
  readonly hash: string;
  readonly lines: () => readonly string[];
  readonly coverage: Coverage;
  readonly plans: number;
  readonly virtualMs: number;
  readonly failure: Failure | undefined;
}

/** How long users and faults have their way. */
const LIVELY_MS = 25_000;
/**
 * From then on everything must have ended within this time, all in virtual milliseconds. An old worker alone runs one node at a time, and eight plans
 * with loops may wait for it: that took 150 s in one story.
 */
export const ENDS_WITHIN_MS = 300_000;
const LOOK_EVERY_MS = 500;
/** A lease and some heartbeats: what nobody answers any more is found by then. */
const SETTLE_MS = COORDINATOR.heartbeatTimeoutMs + 3 * COORDINATOR.heartbeatIntervalMs;
const TAIL_LINES = 150;

/** Tells the story of a seed, and what the oracle thinks of it. */
export function simulate(seed: number, plant: Plant = {}): Report {
  const oracle = new Oracle(COORDINATOR.heartbeatTimeoutMs);
  const coverage = new Coverage();
  const races = new Races(oracle.ledger, coverage, COORDINATOR.heartbeatTimeoutMs);
  const witness = (fact: Fact) => {
    races.see(fact);
    oracle.see(fact, story.world.clock.mono);
  };
  const story: Story = new Story(seed, { plant, coverage, witness });
  const { clock, log } = story.world;
  let failure: Failure | undefined;
  try {
    story.start();
    story.live(LIVELY_MS);
    story.calm();
    waitUntilNothingIsOwed(story, oracle);
    clock.runUntil(Math.max(clock.mono + SETTLE_MS, LIVELY_MS + KEEP_ALIVE_MS + SETTLE_MS));
    tryAllSlots(story, oracle);
    oracle.atRest();
    complainOfLeaks(story);
  } catch (error) {
    failure = failureOf(error, story);
  }
  return {
    seed,
    hash: log.hash(),
    lines: () => log.lines(),
    coverage,
    plans: oracle.ledger.plans.size,
    virtualMs: clock.mono,
    failure,
  };
}

function waitUntilNothingIsOwed(story: Story, oracle: Oracle): void {
  const { clock } = story.world;
  const until = clock.mono + ENDS_WITHIN_MS;
  for (let open = openIn(oracle); open.length > 0; open = openIn(oracle)) {
    if (clock.mono >= until) {
      const [first, ...more] = open;
      const others = more.length > 0 ? ` (and ${more.length} more)` : "";
      complain(
        `${ENDS_WITHIN_MS} ms after the last fault: ${first?.what ?? ""}${others}`,
        first?.planId,
      );
    }
    story.cancelUnlimited(oracle.ledger.uncancelledWith(ENDLESS));
    clock.runUntil(clock.mono + LOOK_EVERY_MS);
  }
}

/** What somebody waits for, and what was accepted although nobody lives who was told. */
function openIn(oracle: Oracle): readonly Owed[] {
  const unended = oracle.ledger
    .open()
    .map((planId) => ({ planId, what: `${planId} has not ended` }));
  return [...oracle.owed(), ...unended];
}

/** No slot was lost: as many plans as there are slots run at once. */
function tryAllSlots(story: Story, oracle: Oracle): void {
  const client = story.clients.get("one");
  for (const { name, slots } of story.setups) {
    for (let slot = 0; slot < slots; slot++)
      client?.submit(planOf(`last-${name}${slot}`, "endless-inline", name), false);
  }
  // Nothing that goes to an old worker could be ended again: such a plan has to succeed.
  for (const { name } of story.oldSetups)
    client?.submit(planForOld(`last-${name}`, "quick", name), false);
  const { clock } = story.world;
  clock.runUntil(clock.mono + SETTLE_MS);
  const running = oracle.running();
  for (const { name, slots } of story.setups) {
    for (let slot = 0; slot < slots; slot++) {
      const planId = `last-${name}${slot}`;
      if (!running.has(planId))
        complain(`${planId} waits, though ${name} should have ${slots} free slots`, planId);
      client?.cancel(planId);
    }
  }
  waitUntilNothingIsOwed(story, oracle);
  clock.runUntil(clock.mono + SETTLE_MS);
}

function complainOfLeaks({ coordinator, workers, clients }: Story): void {
  const leaks = [
    ...(coordinator === undefined ? [] : leaksOfCoordinator(coordinator.core.state)),
    ...[...workers].flatMap(([name, { core }]) => leaksOfWorker(name, core.state)),
    ...[...clients].flatMap(([name, { state }]) => leaksOfClient(name, state)),
  ];
  if (leaks.length > 0) complain(`at rest: ${leaks.join("; ")}`);
}

/** Also a core that throws is a failure of the story. */
function failureOf(error: unknown, { world: { log } }: Story): Failure {
  const isComplaint = error instanceof Complaint;
  const sentence = isComplaint
    ? error.message
    : `a fault in a core: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  const planId = isComplaint ? error.planId : undefined;
  const story = planId === undefined ? log.lines().slice(-TAIL_LINES) : log.storyOf(planId);
  return { sentence, planId, story };
}
