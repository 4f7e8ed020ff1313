import { totalmem } from "node:os";

/** Bytes of memory that this process may use: the machine's, or its container's limit (cgroup 1 and 2) where that is less. */
export function memoryBytes(): number {
  const machine = totalmem();
  const limit = process.constrainedMemory();
  // Without a limit it is 0, or more than any machine has.
  return limit > 0 && limit < machine ? limit : machine;
}

/** How much of it is in use: 0 to 1. */
export function memoryInUse(): number {
  return 1 - process.availableMemory() / memoryBytes();
}
