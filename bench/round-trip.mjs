// How long one small plan takes, one at a time: the median of many.
import { connect, plan } from "planwire";
import { echoInline, echoThread } from "./filters.mjs";
import { inTurn, median, ratio } from "./measure.mjs";
import { startPlanwire, startRelay } from "./processes.mjs";
import { connectRelay } from "./relay-client.mjs";

/** @param {() => Promise<unknown>} one @param {number} count */
async function p50(one, count) {
  const times = [];
  for (let i = 0; i < count; i++) {
    const began = performance.now();
    await one();
    times.push(performance.now() - began);
  }
  return median(times);
}

/** @param {{ quick: boolean, sqliteFile: string }} options */
export async function roundTrip({ quick, sqliteFile }) {
  const count = quick ? 300 : 2_000;
  const relay = await startRelay();
  const memory = await startPlanwire();
  const sqlite = await startPlanwire({ store: `sqlite:${sqliteFile}` });
  const bare = await connectRelay(relay.url);
  const inMemory = await connect(memory.url);
  const onDisk = await connect(sqlite.url);
  const inline = plan("echo").pipe(echoInline);
  const thread = plan("echo").pipe(echoThread);
  const figures = await inTurn(
    {
      "bare relay": () => p50(() => bare.run(7), count),
      "memory store, inline filter": () => p50(() => inMemory.run(inline, 7), count),
      "memory store, filter in a thread": () => p50(() => inMemory.run(thread, 7), count),
      "SQLite, accepted = synced, inline filter": () => p50(() => onDisk.run(inline, 7), count),
    },
    quick ? 2 : 5,
  );
  bare.close();
  await inMemory.close();
  await onDisk.close();
  await Promise.all([relay.stop(), memory.stop(), sqlite.stop()]);
  const base = figures["bare relay"] ?? [];
  return Object.entries(figures).map(([what, values]) => ({
    what,
    "p50 ms": Number(median(values).toFixed(3)),
    "times the relay": Number(ratio(values, base).toFixed(2)),
  }));
}
