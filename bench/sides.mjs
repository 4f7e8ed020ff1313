// The sides that small plans are measured on: the bare relay, and Planwire with each store.
import { connect, plan } from "planwire";
import { echoInline, echoThread } from "./filters.mjs";
import { startPlanwire, startRelay } from "./processes.mjs";
import { connectRelay } from "./relay-client.mjs";

export const RELAY = "bare relay";

/**
 * Starts all sides, lets `measure` use them, and stops them.
 * @template T
 * @param {string} sqliteFile
 * @param {unknown} input of every plan
 * @param {(sides: Record<string, () => Promise<unknown>>) => Promise<T>} measure given what runs one plan on each side
 */
export async function onAllSides(sqliteFile, input, measure) {
  const relay = await startRelay();
  const memory = await startPlanwire();
  const sqlite = await startPlanwire({ store: `sqlite:${sqliteFile}` });
  const bare = await connectRelay(relay.url);
  const inMemory = await connect(memory.url);
  const onDisk = await connect(sqlite.url);
  const inline = plan("echo").pipe(echoInline);
  const thread = plan("echo").pipe(echoThread);
  const measured = await measure({
    [RELAY]: () => bare.run(input),
    "memory store, inline filter": () => inMemory.run(inline, input),
    "memory store, filter in a thread": () => inMemory.run(thread, input),
    "SQLite, accepted = synced, inline filter": () => onDisk.run(inline, input),
  });
  bare.close();
  await inMemory.close();
  await onDisk.close();
  await Promise.all([relay.stop(), memory.stop(), sqlite.stop()]);
  return measured;
}
