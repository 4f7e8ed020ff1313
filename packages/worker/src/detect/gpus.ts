import type { Capabilities } from "@planwire/protocol";
import { outputOf } from "./command.js";

/** The driver may hang where a GPU does. */
const TIMEOUT_MS = 3000;

/** NVIDIA GPUs, by nvidia-smi where there is one. */
export async function detectGpus(): Promise<Capabilities["gpus"]> {
  const query = ["--query-gpu=name,memory.total", "--format=csv,noheader,nounits"];
  return readGpus((await outputOf("nvidia-smi", query, TIMEOUT_MS)) ?? "");
}

/** Lines of `name, MiB`. Names may hold commas. */
export function readGpus(csv: string): Capabilities["gpus"] {
  return csv.split("\n").flatMap((line) => {
    const [, name, mebibytes] = /^(.+),\s*(\d+)\s*$/.exec(line.trim()) ?? [];
    if (name === undefined) return [];
    return [{ name: name.trim(), memory_bytes: Number(mebibytes) * 1024 * 1024 }];
  });
}
