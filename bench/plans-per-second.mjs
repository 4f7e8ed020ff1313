// How many small plans a second, 256 in flight.
import { connect, plan } from "planwire";
import { echoInline, echoThread } from "./filters.mjs";
import { inTurn, median, ratio } from "./measure.mjs";
import { startPlanwire, startRelay } from "./processes.mjs";
import { connectRelay } from "./relay-client.mjs";

const INPUT = { order: 17, items: ["a", "b"], total: 12.5 };

/** @param {() => Promise<unknown>} one @param {number} count @param {number} inFlight */
async function perSecond(one, count, inFlight) {
  const began = performance.now();
  let left = count;
  const lane = async () => {
    while (left-- > 0) await one();
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return count / ((performance.now() - began) / 1000);
}

/** @param {{ quick: boolean, sqliteFile: string }} options */
export async function plansPerSecond({ quick, sqliteFile }) {
  const count = quick ? 4_000 : 20_000;
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
      "bare relay": () => perSecond(() => bare.run(INPUT), count, 256),
      "memory store, inline filter": () => perSecond(() => inMemory.run(inline, INPUT), count, 256),
      "memory store, filter in a thread": () =>
        perSecond(() => inMemory.run(thread, INPUT), count, 256),
      "SQLite, accepted = synced, inline filter": () =>
        perSecond(() => onDisk.run(inline, INPUT), count, 256),
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
    "plans/s": Math.round(median(values)),
    "ratio to the relay": Number(ratio(values, base).toFixed(2)),
  }));
}
