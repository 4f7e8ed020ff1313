import { breakWires, cutOff, note } from "./faults.js";
import type { OldWorkerProcess } from "./old-worker-process.js";
import type { Story } from "./story.js";

/** What goes wrong with workers of the inherited wire; like FAULTS. */
export const OLD_FAULTS = {
  "an old worker is killed"(story: Story): boolean {
    const worker = someOldWorker(story);
    worker?.die();
    return worker !== undefined;
  },

  "an old worker is paused"(story: Story): boolean {
    const worker = someOldWorker(story);
    if (worker === undefined || worker.isPaused) return false;
    const ms = story.world.chance.between(100, 12_000);
    note(story, `${worker.setup.name} stands still for ${ms} ms`);
    worker.pause();
    story.world.clock.after(ms, () => worker.resume());
    return true;
  },

  "an old worker is cut off"(story: Story): boolean {
    const worker = someOldWorker(story);
    if (worker !== undefined) cutOff(story, worker.setup.name);
    return worker !== undefined;
  },

  "an old worker's connection breaks"(story: Story): boolean {
    const worker = someAtWork(story) ?? someOldWorker(story);
    return worker !== undefined && breakWires(story, worker.setup.name);
  },
};

function someOldWorker({ world, oldWorkers }: Story): OldWorkerProcess | undefined {
  return world.chance.pick([...oldWorkers.values()]);
}

function someAtWork({ world, oldWorkers }: Story): OldWorkerProcess | undefined {
  return world.chance.pick([...oldWorkers.values()].filter(({ isAtWork }) => isAtWork));
}
