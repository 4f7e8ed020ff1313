// When all is quiet again: what later clients are told, and whether anything was leaked.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type Outcome, type PlanInfo, type Planwire } from "planwire";
import { run } from "../commands/planwire-process.js";
import { readEffects } from "./effects.js";
import type { Fleet, WorkerProcess } from "./processes.js";

/** Until nothing waits and nothing is held, or it stays so for too long. */
const QUIET_WITHIN_MS = 60_000;

export interface Aftermath {
  readonly later: ReadonlyMap<string, Outcome>;
  readonly listed: readonly PlanInfo[];
  /** What is not as it should be, in words. */
  readonly wrong: readonly string[];
}

export async function aftermathOf(fleet: Fleet, ids: readonly string[]): Promise<Aftermath> {
  const url = `ws://127.0.0.1:${fleet.coordinator.port}`;
  const wrong: string[] = [];
  const client = await connect(url);
  wrong.push(...(await stillHeld(fleet)));
  const later = await outcomesOf(client, ids);
  wrong.push(...(await wrongInCommands(url, ids, later)));
  wrong.push(...(await slotsThatAreTaken(fleet, client)));
  // Once more from the disk alone. The client comes back by itself.
  await fleet.coordinator.kill();
  await fleet.coordinator.ready();
  const listed = await listAll(client);
  const again = await outcomesOf(client, ids.slice(0, 50));
  for (const [id, outcome] of again) {
    if (JSON.stringify(outcome) !== JSON.stringify(later.get(id))) {
      wrong.push(`${id} ended otherwise after a restart`);
    }
  }
  await client.close();
  return { later, listed, wrong: [...wrong, ...errorsLogged(fleet)] };
}

async function outcomesOf(client: Planwire, ids: readonly string[]): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  const left = ids.values();
  const hands = Array.from({ length: 32 }, async () => {
    for (const id of left) outcomes.set(id, await (await client.get(id)).outcome());
  });
  await Promise.all(hands);
  return outcomes;
}

async function listAll(client: Planwire): Promise<PlanInfo[]> {
  const listed: PlanInfo[] = [];
  for (;;) {
    const before = listed.at(-1)?.id;
    const page = await client.plans({ limit: 1000, ...(before !== undefined && { before }) });
    listed.push(...page.plans);
    if (page.plans.length < 1000) return listed;
  }
}

async function stillHeld({ coordinator }: Fleet): Promise<string[]> {
  const until = Date.now() + QUIET_WITHIN_MS;
  for (;;) {
    const { parts, executions } = await summaryOf(coordinator.port);
    if (parts.queued + parts.held + executions.live === 0) return [];
    if (Date.now() > until) {
      return [`${parts.queued} parts still wait, ${parts.held} are held, ${executions.live} live`];
    }
    await sleep(50);
  }
}

interface Summary {
  readonly parts: { readonly queued: number; readonly held: number };
  readonly executions: { readonly live: number };
}

async function summaryOf(port: number): Promise<Summary> {
  const response = await fetch(`http://127.0.0.1:${port}/summary`);
  return (await response.json()) as Summary;
}

/** What people see who ask by the command line. */
async function wrongInCommands(
  url: string,
  ids: readonly string[],
  later: ReadonlyMap<string, Outcome>,
): Promise<string[]> {
  const wrong: string[] = [];
  const samples = [ids[0], ids[Math.floor(ids.length / 2)], ids.at(-1)];
  for (const id of samples) {
    if (id === undefined) continue;
    const { lines, stderr } = await run(["result", id, "--coordinator", url, "--json"]);
    const status = lines().find(({ event }) => event === "finished")?.["status"];
    if (status !== later.get(id)?.status)
      wrong.push(`planwire result ${id}: ${String(status)} ${stderr}`);
  }
  const { lines } = await run(["plans", "--coordinator", url, "--json", "--limit", "1000"]);
  for (const { plan_id, state } of lines()) {
    const status = later.get(String(plan_id))?.status;
    if (status !== state) wrong.push(`planwire plans lists ${String(plan_id)} as ${String(state)}`);
  }
  return wrong;
}

/** On each worker as many plans as it has slots meet: all run at the same time, or a slot is not free. */
async function slotsThatAreTaken(fleet: Fleet, client: Planwire): Promise<string[]> {
  const runs = await Promise.all(
    fleet.workers.flatMap((worker) =>
      Array.from({ length: worker.place.slots }, () => client.submit(meetingOn(worker))),
    ),
  );
  const until = Date.now() + QUIET_WITHIN_MS;
  let met = 0;
  while (met < fleet.slots && Date.now() < until) {
    await sleep(50);
    met = readEffects(fleet.effects).filter(
      ({ at, node }) => at === "begin" && node === "meet",
    ).length;
  }
  const waiting = met < fleet.slots ? await Promise.all(runs.map((each) => each.explain())) : [];
  writeFileSync(join(fleet.effects, "go"), "");
  await Promise.all(runs.map((each) => each.settled()));
  if (met === fleet.slots) return [];
  return [`${met} of ${fleet.slots} slots are free\n${waiting.join("\n")}`];
}

function meetingOn({ place }: WorkerProcess) {
  const plan = { Execute: { node_id: "meet" } };
  return {
    plan: { Remote: { node_id: "there", target: { WorkerId: place.id }, plan } },
    input: { source: "Inline", value: { type: "Json", data: { n: 0, ms: 0 } } },
    bindings: [{ node_id: "meet", uses: "meet" }],
  };
}

const PINO_ERROR = 50;

/** Whatever happens outside, nothing inside may go wrong. */
function errorsLogged({ coordinator, workers }: Fleet): string[] {
  const errors = coordinator.said.filter((line) => {
    if (line === "") return false;
    try {
      return (JSON.parse(line) as { level: number }).level >= PINO_ERROR;
    } catch {
      return true; // no log line: a stack trace, say
    }
  });
  const died = [coordinator, ...workers].flatMap(({ died }) => died);
  return [...errors.map((line) => `the coordinator logged ${line}`), ...died];
}

/** Ends the workers as a user would, and waits until no process that ran a filter is left. */
export async function processesLeft(fleet: Fleet): Promise<string[]> {
  const ran = new Set(readEffects(fleet.effects).flatMap((each) => [each.process, each.ranIn]));
  const ended = await Promise.all(fleet.workers.map((worker) => worker.end("SIGTERM")));
  const wrong = ended.flatMap(({ code, stderr }) =>
    code === 0 ? [] : [`a drained worker ended with ${code}: ${stderr.slice(-500)}`],
  );
  const until = Date.now() + QUIET_WITHIN_MS;
  let left = [...ran].filter(isOurs);
  while (left.length > 0 && Date.now() < until) {
    await sleep(100);
    left = left.filter(isOurs);
  }
  return [...wrong, ...left.map((pid) => `process ${pid} is left behind: ${commandOf(pid)}`)];
}

/** A process id may be used again by others. */
function isOurs(pid: number): boolean {
  if (existsSync("/proc/self/cmdline")) return /isolate\.js|planwire\.js/.test(commandOf(pid));
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}
