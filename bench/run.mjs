// `npm run bench`: asks each question in turn and prints its figures.
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { coreTime } from "./core-time.mjs";
import { plansPerSecond } from "./plans-per-second.mjs";
import { profile } from "./profile.mjs";
import { roundTrip } from "./round-trip.mjs";
import { store } from "./store.mjs";
import { stream } from "./stream.mjs";

const args = process.argv.slice(2);
const quick = args.includes("--quick");
const questions = {
  "plans-per-second": { title: "Small plans a second, 256 in flight", ask: plansPerSecond },
  "round-trip": { title: "One small plan, one at a time", ask: roundTrip },
  "core-time": { title: "What the coordinator decides, for one small plan", ask: coreTime },
  stream: { title: "Chunks through a filter and back", ask: stream },
  store: { title: "What the SQLite store costs for a small plan, 256 in flight", ask: store },
  profile: { title: "The coordinator's self time while small plans pass", ask: profile },
};
const named = args.filter((arg) => Object.hasOwn(questions, arg));
const wanted = args.includes("--profile")
  ? ["profile"]
  : named.length > 0
    ? named
    : ["plans-per-second", "round-trip", "stream", "core-time"];

const folder = mkdtempSync(join(tmpdir(), "planwire-bench-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
console.log(
  `Node ${process.version} on ${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? "unknown"})`,
);
for (const [i, name] of wanted.entries()) {
  const { title, ask } = questions[/** @type {keyof typeof questions} */ (name)];
  console.log(`\n${title}`);
  console.table(await ask({ quick, sqliteFile: join(folder, `${i}.db`) }));
}
