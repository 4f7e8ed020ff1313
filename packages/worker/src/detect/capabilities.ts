import { availableParallelism } from "node:os";
import type { Capabilities } from "@planwire/protocol";
import { detectGpus } from "./gpus.js";
import { memoryBytes } from "./memory.js";
import { detectPythonEnvs } from "./python-envs.js";

/** What this machine has. Takes a few milliseconds, at most some seconds where a driver hangs. */
export async function detectCapabilities(tags: readonly string[]): Promise<Capabilities> {
  const [gpus, pythonEnvs] = await Promise.all([detectGpus(), detectPythonEnvs()]);
  return {
    cpu_cores: availableParallelism(),
    ram_bytes: memoryBytes(),
    gpus,
    python_envs: pythonEnvs,
    tags: [...tags],
  };
}
