// What can go wrong, each as something that happens and is over again.
import { setTimeout as sleep } from "node:timers/promises";
import type { Chance } from "../chance.js";
import type { CoordinatorProcess, Fleet, WorkerProcess } from "./processes.js";
import type { CuttingProxy } from "./proxy.js";
import type { Fault } from "./schedule.js";
import { submitUntilKilled } from "./short-lived-client.js";
import type { Work } from "./work.js";

export interface Span {
  readonly least: number;
  readonly most: number;
}

const drawn = (chance: Chance, { least, most }: Span): number => chance.between(least, most);

export function killWorker(workers: readonly WorkerProcess[], weight: number, down: Span): Fault {
  return {
    weight,
    happen: async (chance) => {
      const worker = chance.pick(workers);
      const downMs = drawn(chance, down);
      await worker.kill(downMs);
      await worker.ready();
      return `${worker.name} was killed, for ${downMs} ms`;
    },
  };
}

export function killCoordinator(
  coordinator: CoordinatorProcess,
  weight: number,
  down: Span,
): Fault {
  return {
    weight,
    happen: async (chance) => {
      const downMs = drawn(chance, down);
      await coordinator.kill(downMs);
      await coordinator.ready();
      return `the coordinator was killed, for ${downMs} ms`;
    },
  };
}

export function stopWorker(
  workers: readonly WorkerProcess[],
  weight: number,
  stopped: Span,
): Fault {
  return {
    weight,
    happen: async (chance) => {
      const worker = chance.pick(workers);
      const ms = drawn(chance, stopped);
      worker.stop();
      await sleep(ms);
      worker.continue();
      return `${worker.name} was stopped for ${ms} ms`;
    },
  };
}

export function stopCoordinator(
  coordinator: CoordinatorProcess,
  weight: number,
  stopped: Span,
): Fault {
  return {
    weight,
    happen: async (chance) => {
      const ms = drawn(chance, stopped);
      coordinator.stop();
      await sleep(ms);
      coordinator.continue();
      return `the coordinator was stopped for ${ms} ms`;
    },
  };
}

export interface Wired {
  readonly name: string;
  readonly wires: CuttingProxy;
}

/** Told to stop by a signal that it may handle: a worker is drained, a coordinator says goodbye. */
export function leave(
  processes: readonly (WorkerProcess | CoordinatorProcess)[],
  weight: number,
  away: Span,
): Fault {
  return {
    weight,
    happen: async (chance) => {
      const one = chance.pick(processes);
      const ms = drawn(chance, away);
      await one.leave(ms);
      await one.ready();
      return `${one.name} left, for ${ms} ms`;
    },
  };
}

/** Everybody's. */
export function wiresOf({ workers }: Fleet, { wires }: Work): Wired[] {
  return [
    ...workers,
    ...Object.entries(wires).map(([name, ofClient]) => ({ name: `the ${name}`, wires: ofClient })),
  ];
}

/** A client process hands in plans of which it never learns the end: it is killed meanwhile. They are handed in again later. */
export function killClient(fleet: Fleet, work: Work, weight: number, lives: Span): Fault {
  return {
    weight,
    happen: async (chance) => {
      const orders = work.takeAhead(20);
      const accepted = await submitUntilKilled(fleet, orders, drawn(chance, lives));
      await work.find(accepted);
      return `a client was killed when ${accepted.length} of its ${orders.length} plans were accepted`;
    },
  };
}

export function cutWires(wired: readonly Wired[], weight: number): Fault {
  return {
    weight,
    happen: async (chance) => {
      const { name, wires } = chance.pick(wired);
      wires.cut();
      return `the wires of ${name} were cut`;
    },
  };
}

export function cutAll(wired: readonly Wired[], weight: number): Fault {
  return {
    weight,
    happen: async () => {
      for (const { wires } of wired) wires.cut();
      return "all wires were cut";
    },
  };
}

const DIRECTIONS = ["up", "down", "both"] as const;

export function stallWires(wired: readonly Wired[], weight: number, stalled: Span): Fault {
  return {
    weight,
    happen: async (chance) => {
      const { name, wires } = chance.pick(wired);
      const ms = drawn(chance, stalled);
      const direction = chance.pick(DIRECTIONS);
      wires.stall(direction);
      await sleep(ms);
      // Some connections end without ever having passed on what they took.
      const isCut = chance.happens(0.5);
      if (isCut) wires.cut();
      wires.flow();
      return `the wires of ${name} stood still (${direction}) for ${ms} ms${isCut ? " and were cut" : ""}`;
    },
  };
}

export function halfOpenWires(wired: readonly Wired[], weight: number, open: Span): Fault {
  return {
    weight,
    happen: async (chance) => {
      const { name, wires } = chance.pick(wired);
      const ms = drawn(chance, open);
      wires.halfOpen();
      await sleep(ms);
      wires.heal();
      return `the wires of ${name} were half open for ${ms} ms`;
    },
  };
}

export function refuseWires(wired: readonly Wired[], weight: number, refused: Span): Fault {
  return {
    weight,
    happen: async (chance) => {
      const { name, wires } = chance.pick(wired);
      const ms = drawn(chance, refused);
      wires.refuse();
      wires.cut();
      await sleep(ms);
      wires.accept();
      return `${name} was cut off for ${ms} ms`;
    },
  };
}

export function delayWires(wired: readonly Wired[], weight: number, delayed: Span): Fault {
  return {
    weight,
    happen: async (chance) => {
      const { name, wires } = chance.pick(wired);
      const by = chance.between(5, 200);
      const ms = drawn(chance, delayed);
      wires.delay(by);
      await sleep(ms);
      wires.delay(0);
      return `the wires of ${name} were slow by ${by} ms for ${ms} ms`;
    },
  };
}
