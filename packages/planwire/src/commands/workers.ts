import type { WorkerInfo } from "@planwire/client";
import { Command } from "commander";
import { askCoordinator, withConnection, type ConnectionFlags } from "./connection.js";
import { durationText } from "./print/duration.js";
import { writeLine } from "./print/json-lines.js";
import type { Screen } from "./print/screen.js";
import { tableText, type Column } from "./print/table.js";

type Flags = ConnectionFlags & { readonly json?: boolean };

const EXAMPLES = `
Examples:
  planwire workers
  planwire workers --json | jq -r 'select(.state == "ready") | .worker_id'
`;

export function workersCommand(screen: Screen): Command {
  return withConnection(new Command("workers"))
    .summary("list the workers that are connected")
    .description("Lists the workers that are connected, what they do and what they offer.")
    .option("--json", "print one JSON object a line: worker")
    .addHelpText("after", EXAMPLES)
    .action(async (flags: Flags) => {
      const workers = await askCoordinator(flags, (pw) => pw.workers());
      if (flags.json) for (const worker of workers) await writeLine(screen.out, workerLine(worker));
      else if (workers.length > 0) await show(workers, screen);
      else screen.say("no worker is connected; start one: planwire worker --filters filters.ts");
    });
}

/** The table, and what is wrong with whom. */
async function show(workers: readonly WorkerInfo[], screen: Screen): Promise<void> {
  await screen.out.write(`${tableText(workers, COLUMNS)}\n`);
  for (const { id, healthReason } of workers) {
    if (healthReason !== undefined) screen.say(screen.sayStyle.yellow(`${id} ${healthReason}`));
  }
}

const COLUMNS: readonly Column<WorkerInfo>[] = [
  { title: "WORKER", cell: (worker) => worker.id },
  { title: "STATE", cell: (worker) => worker.state },
  { title: "SLOTS", cell: (worker) => worker.slots, right: true },
  { title: "PLANS", cell: (worker) => worker.activePlans, right: true },
  { title: "STREAMS", cell: (worker) => worker.activeStreams, right: true },
  { title: "SEEN", cell: (worker) => `${durationText(worker.heartbeatAgeMs)} ago`, right: true },
  { title: "HEALTH", cell: (worker) => worker.health },
  { title: "TAGS", cell: (worker) => worker.tags.join(",") },
  { title: "FILTERS", cell: filterNames },
];

const MOST_NAMES = 8;

function filterNames({ filters, inherited }: WorkerInfo): string {
  if (inherited) return "(runs what is sent to it)";
  const names = filters.slice(0, MOST_NAMES).map(({ name }) => name);
  const more = filters.length - names.length;
  return [...names, ...(more > 0 ? [`and ${more} more`] : [])].join(" ");
}

function workerLine(worker: WorkerInfo) {
  const { id, activePlans, activeStreams, cpuCores, heartbeatAgeMs, filters, tags, ...rest } =
    worker;
  const { healthMs, healthReason, otherSlots, calls, ...same } = rest;
  return {
    event: "worker" as const,
    worker_id: id,
    ...same,
    ...(healthMs !== undefined && { health_ms: healthMs }),
    ...(healthReason !== undefined && { health_reason: healthReason }),
    other_slots: otherSlots,
    calls: calls.map(({ inFlight, ...counts }) => ({ ...counts, in_flight: inFlight })),
    active_plans: activePlans,
    active_streams: activeStreams,
    filters: [...filters],
    tags: [...tags],
    cpu_cores: cpuCores,
    heartbeat_age_ms: heartbeatAgeMs,
  };
}
