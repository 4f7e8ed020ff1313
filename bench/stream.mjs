// How many MB a second of chunks go through a filter and come back.
import { connect, plan } from "planwire";
import { echoInline } from "./filters.mjs";
import { inTurn, median, ratio } from "./measure.mjs";
import { startPlanwire, startRelay } from "./processes.mjs";
import { connectRelay } from "./relay-client.mjs";

const WINDOW = 8 * 1024 * 1024;
const MB = 1e6;

/** @param {() => Promise<unknown>} all @param {number} bytes */
async function megabytesPerSecond(all, bytes) {
  const began = performance.now();
  await all();
  return bytes / MB / ((performance.now() - began) / 1000);
}

/** @param {{ quick: boolean }} options */
export async function stream({ quick }) {
  const total = (quick ? 64 : 512) * 1024 * 1024;
  const relay = await startRelay();
  const planwire = await startPlanwire();
  const bare = await connectRelay(relay.url);
  const pw = await connect(planwire.url);
  const echo = plan("echo").pipe(echoInline);
  /** @param {unknown} chunk @param {number} count */
  const through = async (chunk, count) => {
    const source = Array.from({ length: count }, () => chunk);
    for await (const _ of pw.stream(echo, source));
  };
  const rows = [];
  for (const [name, size] of /** @type {const} */ ([
    ["64 KiB", 64 * 1024],
    ["1 MiB", 1024 * 1024],
  ])) {
    const count = total / size;
    const bytes = new Uint8Array(size);
    const floats = new Float64Array(size / 8).fill(Math.PI);
    const figures = await inTurn(
      {
        [`bare relay, ${name}`]: () =>
          megabytesPerSecond(() => bare.stream(bytes, count, WINDOW), total),
        [`bytes, ${name}`]: () => megabytesPerSecond(() => through(bytes, count), total),
        [`float64 tensors, ${name}`]: () => megabytesPerSecond(() => through(floats, count), total),
      },
      quick ? 2 : 4,
    );
    const base = figures[`bare relay, ${name}`] ?? [];
    for (const [what, values] of Object.entries(figures)) {
      rows.push({
        what,
        "MB/s": Math.round(median(values)),
        "ratio to the relay": Number(ratio(values, base).toFixed(2)),
      });
    }
  }
  bare.close();
  await pw.close();
  await Promise.all([relay.stop(), planwire.stop()]);
  return rows;
}
