// What clients do in a soak: they connect, hand in plans and streams of every kind, look whether each ended as it must, and leave.
import { isDeepStrictEqual } from "node:util";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, isPlanwireError, plan } from "planwire";
import * as filters from "./filters.mjs";

/** @typedef {import("planwire").Planwire} Planwire */
/** @typedef {{ plans: number, streams: number, givenUp: number, lost: string[] }} Tally `givenUp`: ended by a worker's death, with its code */

/** Longer than any plan here takes with its retries; beyond, it hangs. */
const END_WITHIN_MS = 120_000;
const MOST_LOST_KEPT = 20;
const REST_WITHIN_MS = 30_000;
/** How a plan may end whose workers were killed under it, and a stream. */
const BY_A_DEATH = new Set(["WORKER_LOST", "POISON_PLAN", "CONNECTION_LOST"]);

/** @param {number} below */
const int = (below) => Math.floor(Math.random() * below);

/** @type {readonly { weight: number, run: (pw: Planwire, url: string) => Promise<"plan" | "stream"> }[]} */
const KINDS = [
  { weight: 30, run: echoes },
  { weight: 3, run: (pw) => succeeds(pw, filters.echoProcess, int(1000)) },
  { weight: 8, run: (pw) => succeeds(pw, filters.sleeps, int(300)) },
  { weight: 8, run: (pw) => fails(pw, filters.fails, int(10), ["FILTER_ERROR"]) },
  { weight: 1, run: (pw) => fails(pw, filters.dies, undefined, ["WORKER_CRASH", "POISON_PLAN"]) },
  { weight: 6, run: isCancelled },
  { weight: 4, run: isWatched },
  { weight: 4, run: isLeftAlone },
  { weight: 8, run: streams },
];

/** @param {Planwire} pw @returns {Promise<"plan">} */
async function echoes(pw) {
  const input = { n: int(1e6), bytes: new Uint8Array(int(20_000)).fill(int(256)) };
  const output = await pw.run(plan("echo").pipe(filters.echo).pipe(filters.echoInline), input);
  must(isDeepStrictEqual(output, input), "an echo gave something else");
  return "plan";
}

/** @param {Planwire} pw @param {any} filter @param {unknown} input @returns {Promise<"plan">} */
async function succeeds(pw, filter, input) {
  const output = await pw.run(plan("succeeds").pipe(filter), /** @type {never} */ (input));
  must(isDeepStrictEqual(output, input), `gave ${String(output)}`);
  return "plan";
}

/** @param {Planwire} pw @param {any} filter @param {unknown} input @param {readonly string[]} codes @returns {Promise<"plan">} */
async function fails(pw, filter, input, codes) {
  const run = await pw.submit(plan("fails").pipe(filter), /** @type {never} */ (input));
  const settled = await run.settled();
  must(settled.status === "Failed", `ended ${settled.status}, but must fail`);
  if (!codes.includes(settled.error.code)) throw settled.error;
  return "plan";
}

/** @param {Planwire} pw @returns {Promise<"plan">} */
async function isCancelled(pw) {
  const run = await pw.submit(plan("cancelled").pipe(filters.sleeps), 60_000);
  await sleep(int(200));
  const { status } = await run.cancel("soak");
  must(status === "Cancelled", `was cancelled, and ended ${status}`);
  return "plan";
}

/** @param {Planwire} pw @returns {Promise<"plan">} */
async function isWatched(pw) {
  const isSlow = Math.random() < 0.5;
  const run = await pw.submit(plan("watched").pipe(filters.reports), 100);
  let last;
  for await (const event of run.events()) {
    last = event.type;
    if (isSlow) await sleep(5);
  }
  must(last === "Finished", `the last event was ${last}`);
  must((await run.result()) === 100, "gave something else");
  return "plan";
}

/** Its client goes at once; another one asks for the result. @param {Planwire} pw @param {string} url @returns {Promise<"plan">} */
async function isLeftAlone(pw, url) {
  const submitter = await connect(url);
  const { id } = await submitter.submit(plan("left-alone").pipe(filters.sleeps), 100);
  await submitter.close();
  const run = await pw.get(id);
  must((await run.result()) === 100, "gave something else");
  return "plan";
}

/** @param {Planwire} pw @returns {Promise<"stream">} */
async function streams(pw) {
  const length = 20 + int(200);
  const chunks = Array.from(
    { length },
    (_, i) => /** @type {any} */ (new Float64Array(512).fill(i)),
  );
  const leaveAt = Math.random() < 0.3 ? int(length) : Infinity;
  const isSlow = Math.random() < 0.3;
  let index = 0;
  for await (const result of pw.stream(plan("stream").pipe(filters.double), chunks)) {
    const { data } = /** @type {import("planwire").Tensor} */ (/** @type {unknown} */ (result));
    must(data.length === 512 && data[511] === 2 * index, `chunk ${index} came out of order`);
    if (index++ === leaveAt) return "stream";
    if (isSlow) await sleep(2);
  }
  must(index === length, `${index} of ${length} chunks came`);
  return "stream";
}

/** @param {boolean} holds @param {string} why */
function must(holds, why) {
  if (!holds) throw new Error(why);
}

/**
 * A client that comes back again and again, until `signal`. Each time it does several things at once for a while.
 * @param {string} url @param {Tally} tally @param {AbortSignal} signal
 */
export async function comeAndAsk(url, tally, signal) {
  while (!signal.aborted) {
    const pw = await connect(url);
    const until = performance.now() + 2_000 + int(10_000);
    const hand = async () => {
      while (performance.now() < until && !signal.aborted) await one(pw, url, tally);
    };
    await Promise.all([hand(), hand(), hand()]);
    await pw.close();
  }
}

/**
 * When all clients have gone nothing goes on; what does after all, is lost.
 * @param {string} url @param {Tally} tally
 */
export async function lookForLeftovers(url, tally) {
  const pw = await connect(url);
  const until = performance.now() + REST_WITHIN_MS;
  let left = await live(pw);
  while (left.length > 0 && performance.now() < until) {
    await sleep(200);
    left = await live(pw);
  }
  for (const { id, name, state } of left) {
    const why = await (await pw.get(id)).explain();
    tally.lost.push(`${name} ${id} is ${state} when nobody is there: ${why}`);
  }
  await pw.close();
}

/** @param {Planwire} pw */
async function live(pw) {
  const states = /** @type {const} */ (["Queued", "Running", "Cancelling"]);
  const pages = await Promise.all(states.map((state) => pw.plans({ state })));
  return pages.flatMap(({ plans }) => plans);
}

/** @param {Planwire} pw @param {string} url @param {Tally} tally */
async function one(pw, url, tally) {
  const kind = pickKind();
  let timer;
  try {
    const hangs = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error("has no end")), END_WITHIN_MS);
    });
    const what = await Promise.race([kind.run(pw, url), hangs]);
    tally[what === "plan" ? "plans" : "streams"] += 1;
  } catch (error) {
    if (isPlanwireError(error) && BY_A_DEATH.has(error.code)) tally.givenUp += 1;
    else if (tally.lost.length < MOST_LOST_KEPT)
      tally.lost.push(`${kind.run.name || "a plan"}: ${String(error)}`);
  } finally {
    clearTimeout(timer);
  }
}

function pickKind() {
  let at = Math.random() * KINDS.reduce((sum, { weight }) => sum + weight, 0);
  const picked = KINDS.find(({ weight }) => (at -= weight) < 0);
  return picked ?? /** @type {typeof KINDS[0]} */ (KINDS[0]);
}
