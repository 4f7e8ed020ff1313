import type { SerializedPlan } from "@planwire/protocol";
import { Chance } from "./chance.js";
import { ClientProcess } from "./client-process.js";
import { Clock } from "./clock.js";
import { CoordinatorProcess } from "./coordinator-process.js";
import { SimDisk } from "./disk.js";
import { FAULTS } from "./faults.js";
import { Network } from "./network.js";
import { OLD_FAULTS } from "./old-faults.js";
import { OldWorkerProcess, someOldSetup, type OldSetup } from "./old-worker-process.js";
import { planOfPart } from "./describe-message.js";
import { ShapedPlans } from "./shaped-plans.js";
import { StoryLog } from "./story-log.js";
import { USERS } from "./users.js";
import { WorkerProcess, type WorkerSetup } from "./worker-process.js";
import type { World } from "./world.js";
import type { Write } from "@planwire/coordinator/core";

/** What users ask for and faults hit: the processes of a story as they are now, and the plans that were handed in. */
export class Story {
  readonly world: World;
  coordinator: CoordinatorProcess | undefined;
  readonly setups: readonly WorkerSetup[];
  readonly workers = new Map<string, WorkerProcess>();
  readonly oldSetups: readonly OldSetup[];
  readonly oldWorkers = new Map<string, OldWorkerProcess>();
  readonly clients = new Map<string, ClientProcess>();
  readonly submitted: SerializedPlan[] = [];
  /** Of these, the ids that were made for one run: under them nothing else is submitted. */
  readonly runs = new Set<string>();
  readonly shapedPlans: ShapedPlans;
  readonly cancelled = new Set<string>();
  readonly streams: { readonly streamId: string; readonly client: string }[] = [];
  /** No fault begins from here on. */
  isCalm = false;
  #starts = 0;

  constructor(
    seed: number,
    { plant, coverage, witness }: Pick<World, "plant" | "coverage" | "witness">,
  ) {
    const clock = new Clock();
    const chance = new Chance(seed);
    const log = new StoryLog();
    const net = new Network(clock, chance);
    const disk = new SimDisk(
      clock,
      chance,
      "history-1",
      {
        landed: (write) => {
          log.add(
            clock.mono,
            "disk",
            `holds ${write.planId}: ${write.changes.map(({ type }) => type).join(", ")}`,
            write.planId,
          );
          witness({ type: "landed", write });
        },
        failed: (write, reason) => {
          coverage.count("fault: a write fails");
          log.add(clock.mono, "disk", `fails ${write.planId}: ${reason}`, write.planId);
        },
        takenBack: (writes) =>
          this.#noteWrites("has no more", "race: a start lost with the power", writes),
        lost: (writes) =>
          this.#noteWrites("loses", "race: a write lost with its coordinator", writes),
        forgotten: (planIds) => {
          for (const planId of planIds) {
            log.add(clock.mono, "disk", `has forgotten ${planId}`, planId);
            coverage.count("race: a plan is forgotten with its coordinator");
            witness({ type: "forgotten", planId });
          }
        },
        refused: (planId) => {
          log.add(clock.mono, "disk", `${planId} is another coordinator's`, planId);
          coverage.count("race: a plan is another coordinator's");
          witness({ type: "forgotten", planId });
        },
        landedUntold: (writes) =>
          this.#noteWrites("had landed, untold", "race: a write landed untold", writes),
      },
      plant.needsSync,
    );
    this.world = { clock, chance, log, net, disk, coverage, plant, witness };
    this.shapedPlans = new ShapedPlans(chance);
    this.setups = Array.from({ length: chance.between(2, 3) }, (_, index) => {
      const slots = chance.between(1, 3);
      return { name: "abc".charAt(index), slots, threads: chance.between(1, slots), tags: [] };
    });
    const olds = chance.happens(60) ? chance.between(1, 3) : 0;
    this.oldSetups = Array.from({ length: olds }, (_, index) =>
      someOldSetup(chance, `old${index}`),
    );
    net.setSpeed(
      chance.pick([
        { leastMs: 0.5, mostMs: 2 },
        { leastMs: 5, mostMs: 30 },
      ]) ?? { leastMs: 1, mostMs: 1 },
    );
  }

  start(): void {
    this.startCoordinator();
    for (const setup of this.setups) this.startWorker(setup.name);
    for (const setup of this.oldSetups) this.startOldWorker(setup);
    this.startClient("one");
    this.startClient("two");
  }

  /** Users and faults have their way until `untilMono`. */
  live(untilMono: number): void {
    const { clock, chance, coverage } = this.world;
    const act = () => {
      if (clock.mono >= untilMono) return;
      if (chance.happens(70)) USERS[chance.choose(USER_WEIGHTS)](this);
      else {
        const kind = chance.choose(FAULT_WEIGHTS);
        if (FAULTS[kind](this)) coverage.count(`fault: ${kind}`);
      }
      clock.after(chance.fraction() * 500, act);
    };
    clock.after(300, act);
    if (this.oldSetups.length > 0) this.#afflictOldWorkers(untilMono);
    clock.runUntil(untilMono);
  }

  /** Beside what else goes wrong, so that the others' share is the same in every story. */
  #afflictOldWorkers(untilMono: number): void {
    const { clock, chance, coverage } = this.world;
    clock.after(chance.fraction() * OLD_FAULT_WITHIN_MS, () => {
      if (clock.mono >= untilMono) return;
      const kind = chance.choose(OLD_FAULT_WEIGHTS);
      if (OLD_FAULTS[kind](this)) coverage.count(`fault: ${kind}`);
      this.#afflictOldWorkers(untilMono);
    });
  }

  /** Nothing goes wrong any more, and who is away comes back. */
  calm(): void {
    const { world } = this;
    this.isCalm = true;
    world.log.add(world.clock.mono, "story", "no more faults from here on");
    world.witness({ type: "calm" });
    world.disk.speed = { leastMs: 0.2, mostMs: 2 };
    world.disk.isFull = false;
    for (const { name } of this.setups) {
      world.net.cutOff(name, world.clock.mono);
      world.net.readSlowly(name, 1, world.clock.mono);
      this.workers.get(name)?.resume();
      if (!this.workers.has(name)) this.startWorker(name);
    }
    for (const setup of this.oldSetups) {
      world.net.cutOff(setup.name, world.clock.mono);
      this.oldWorkers.get(setup.name)?.resume();
      this.startOldWorker(setup);
    }
    for (const name of ["one", "two"]) {
      world.net.cutOff(name, world.clock.mono);
      world.net.readSlowly(name, 1, world.clock.mono);
      this.clients.get(name)?.resume();
      if (!this.clients.has(name)) this.startClient(name);
    }
    this.coordinator?.resume();
    if (this.coordinator === undefined) this.startCoordinator();
  }

  /** What never ends by itself has to be cancelled, unless its deadline stops it. */
  cancelUnlimited(planIds: readonly string[]): void {
    for (const planId of planIds) {
      const plan = this.submitted.find((one) => one.plan_id === planId);
      if (plan?.policy?.timeout_ms === undefined) this.clients.get("one")?.cancel(planId);
    }
  }

  startCoordinator(): void {
    if (this.coordinator !== undefined) return;
    const name = `coordinator-${++this.#starts}`;
    this.coordinator = new CoordinatorProcess(this.world, name, {});
  }

  /** Its machine is dark until it starts again, and answers nobody, not even by a reset. */
  cutPower(comesBackAfter: number): void {
    const { coordinator, world } = this;
    if (coordinator === undefined) return;
    coordinator.die("without power");
    this.coordinator = undefined;
    for (const wire of world.net.wires) {
      const reset = comesBackAfter + world.chance.between(0, 500);
      wire.break(world.chance.happens(60) ? reset : undefined, undefined);
    }
    world.clock.after(comesBackAfter, () => this.startCoordinator());
  }

  killCoordinator(comesBackAfter: number): void {
    const { coordinator, world } = this;
    if (coordinator === undefined) return;
    coordinator.die();
    this.coordinator = undefined;
    for (const wire of world.net.wires) {
      if (world.chance.happens(50)) wire.lastWords();
      else
        wire.break(world.chance.happens(70) ? world.chance.between(0, 20) : undefined, undefined);
    }
    world.clock.after(comesBackAfter, () => this.startCoordinator());
  }

  startWorker(name: string): void {
    const setup = this.setups.find((one) => one.name === name);
    if (setup === undefined || this.workers.has(name)) return;
    const { world } = this;
    const incarnation = `${name}#${++this.#starts}`;
    const worker = new WorkerProcess(world, setup, incarnation, {}, (how) => {
      this.workers.delete(name);
      if (how === "killed") this.#breakWires(name);
      world.clock.after(this.#awayMs(), () => this.startWorker(name));
    });
    this.workers.set(name, worker);
  }

  startOldWorker(setup: OldSetup): void {
    const { name } = setup;
    if (this.oldWorkers.has(name)) return;
    const { world } = this;
    const worker = new OldWorkerProcess(world, setup, `${name}#${++this.#starts}`, () => {
      this.oldWorkers.delete(name);
      this.#breakWires(name);
      world.clock.after(this.#awayMs(), () => this.startOldWorker(setup));
    });
    this.oldWorkers.set(name, worker);
  }

  /** Who comes back soon may find what its last process said still arriving. */
  #awayMs(): number {
    const { chance } = this.world;
    if (this.isCalm) return 500;
    return chance.happens(30) ? chance.between(10, 500) : chance.between(100, 8_000);
  }

  startClient(name: string): void {
    if (this.clients.has(name)) return;
    this.clients.set(name, new ClientProcess(this.world, name, `${name}#${++this.#starts}`));
  }

  killClient(name: string): void {
    const client = this.clients.get(name);
    if (client === undefined) return;
    client.die();
    this.clients.delete(name);
    this.#breakWires(name);
    const { clock, chance } = this.world;
    clock.after(chance.between(50, 4_000), () => this.startClient(name));
  }

  /** Its process is gone; the other side learns of it soon, or only by the silence. What it had said may still arrive. */
  #breakWires(host: string): void {
    const { net, chance } = this.world;
    for (const wire of net.wiresOf(host)) {
      if (!this.isCalm && chance.happens(30)) {
        wire.holdUp();
        wire.leaveBehind();
        continue;
      }
      const isNoticed = this.isCalm || chance.happens(75);
      wire.break(undefined, isNoticed ? chance.between(0, 50) : undefined);
    }
  }

  #noteWrites(what: string, race: string, writes: readonly Write[]): void {
    const { coverage, log, clock } = this.world;
    coverage.count(race, writes.length);
    for (const { planId, changes } of writes) {
      log.add(
        clock.mono,
        "disk",
        `${what} ${planId}: ${changes.map(({ type }) => type).join(", ")}`,
        planOfPart(planId),
      );
    }
  }
}

const OLD_FAULT_WITHIN_MS = 5_000;

const USER_WEIGHTS = {
  submits: 40,
  "submits and soon cancels": 5,
  "submits what only a deadline ends": 2,
  "submits again": 5,
  "submits other content": 3,
  cancels: 10,
  "sends a worker away": 1.5,
  gets: 5,
  "reads events": 6,
  follows: 3,
  streams: 6,
  "cancels a stream": 2,
} satisfies Record<keyof typeof USERS, number>;

const FAULT_WEIGHTS = {
  "the coordinator is killed": 3,
  "the coordinator is killed in a commit": 2,
  "the coordinator's power fails": 4,
  "the coordinator is paused": 2,
  "a worker is killed": 4,
  "a worker is paused": 3,
  "a worker is cut off": 5,
  "a worker's connection breaks": 5,
  "a worker's connection is left behind": 4,
  "a worker is deaf": 2,
  "a worker reads slowly": 1,
  "a client reads slowly": 4,
  "a worker drains": 1,
  "a worker says things twice": 3,
  "a client says things twice": 2,
  "the coordinator says things twice": 2,
  "many workers leave at once": 1,
  "a client is killed": 2,
  "a client is cut off": 2,
  "a client's connection breaks": 4,
  "a client's connection is left behind": 3,
  "the disk is slow": 2,
  "the disk is full": 2,
  "another coordinator takes a plan": 2,
  "the clock jumps": 2,
  "the network is slow": 2,
} satisfies Record<keyof typeof FAULTS, number>;

const OLD_FAULT_WEIGHTS = {
  "an old worker is killed": 3,
  "an old worker is paused": 2,
  "an old worker is cut off": 2,
  "an old worker's connection breaks": 4,
} satisfies Record<keyof typeof OLD_FAULTS, number>;
