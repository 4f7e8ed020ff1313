// Where the coordinator's time goes while small plans pass: the functions with the most self time.
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, plan } from "planwire";
import { echoInline } from "./filters.mjs";
import { startPlanwire } from "./processes.mjs";

/** @param {{ quick: boolean }} options */
export async function profile({ quick }) {
  const folder = await mkdtemp(join(tmpdir(), "planwire-profile-"));
  const planwire = await startPlanwire({ profileInto: folder });
  const pw = await connect(planwire.url);
  const echo = plan("echo").pipe(echoInline);
  let left = quick ? 5_000 : 50_000;
  const lane = async () => {
    while (left-- > 0) await pw.run(echo, 7);
  };
  await Promise.all(Array.from({ length: 256 }, lane));
  await pw.close();
  await planwire.stop();
  const [file] = (await readdir(folder)).filter((name) => name.endsWith(".cpuprofile"));
  if (!file) throw new Error("the coordinator left no profile");
  const rows = selfTimes(JSON.parse(await readFile(join(folder, file), "utf8")));
  await rm(folder, { recursive: true });
  return rows;
}

/** @param {{ nodes: { id: number, callFrame: { functionName: string, url: string } }[], samples: number[], timeDeltas: number[] }} cpu */
function selfTimes({ nodes, samples, timeDeltas }) {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  /** @type {Map<string, number>} */
  const times = new Map();
  let busy = 0;
  samples.forEach((id, i) => {
    const frame = frames.get(id);
    if (!frame || frame.functionName === "(idle)") return;
    const where = frame.url.split("/").slice(-3).join("/");
    const name = `${frame.functionName || "(anonymous)"} ${where}`.trim();
    const micros = timeDeltas[i] ?? 0;
    busy += micros;
    times.set(name, (times.get(name) ?? 0) + micros);
  });
  return [...times]
    .sort(([, a], [, b]) => b - a)
    .slice(0, 20)
    .map(([what, micros]) => ({
      what,
      "% of busy time": Number(((100 * micros) / busy).toFixed(1)),
    }));
}
