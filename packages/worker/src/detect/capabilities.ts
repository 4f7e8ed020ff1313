import { availableParallelism } from "node:os";
import type { Capabilities } from "@planwire/protocol";
import { detectGpus } from "./gpus.js";
import { memoryBytes } from "./memory.js";
import { detectPythonEnvs } from "./python-envs.js";

/** What is known of this machine at once. */
export function knownCapabilities(tags: readonly string[]): Capabilities {
  return {
    cpu_cores: availableParallelism(),
    ram_bytes: memoryBytes(),
    gpus: [],
    python_envs: [],
    tags: [...tags],
  };
}

/** What other programs have to be asked for: it takes a moment, and seconds where a driver hangs. Undefined when there is nothing to add. */
export async function findCapabilities(known: Capabilities): Promise<Capabilities | undefined> {
  const [gpus, pythonEnvs] = await Promise.all([detectGpus(), detectPythonEnvs()]);
  if (gpus.length + pythonEnvs.length === 0) return undefined;
  return { ...known, gpus, python_envs: pythonEnvs };
}
