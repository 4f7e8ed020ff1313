import { availableParallelism, cpus } from "node:os";
import type { MachineLoad } from "../core/event.js";
import { memoryInUse } from "../detect/memory.js";
import { GpuLoad } from "./gpu-load.js";

/** Samples how busy the machine is since the last sample; its GPUs, where it has some, a little earlier. */
export class LoadSampler {
  #before = cpuTimes();
  #gpus: GpuLoad | undefined;

  /** There are GPUs to ask. */
  watchGpus(): void {
    this.#gpus ??= new GpuLoad();
  }

  sample(): MachineLoad {
    const before = this.#before;
    const after = cpuTimes();
    this.#before = after;
    const total = after.total - before.total;
    const busy = total > 0 ? 1 - (after.idle - before.idle) / total : 0;
    // Of a container, the share of the cores that it may use.
    const share = Math.max(cpus().length / availableParallelism(), 1);
    return {
      cpu_usage: within01(busy * share),
      memory_usage: within01(memoryInUse()),
      gpu_usage: [...(this.#gpus?.sample(performance.now()) ?? [])],
    };
  }
}

function cpuTimes(): { idle: number; total: number } {
  let idle = 0;
  let total = 0;
  for (const { times } of cpus()) {
    idle += times.idle;
    total += times.user + times.nice + times.sys + times.idle + times.irq;
  }
  return { idle, total };
}

function within01(fraction: number): number {
  return Math.min(Math.max(fraction, 0), 1);
}
