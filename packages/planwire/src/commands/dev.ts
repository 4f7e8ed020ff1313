import { relative } from "node:path";
import { Command, Option } from "commander";
import { askCoordinator } from "./connection.js";
import { storeText } from "./coordinator.js";
import { errorOfLine } from "./dev/error-of-line.js";
import { filterFiles } from "./dev/filter-files.js";
import { Fleet } from "./dev/fleet.js";
import { oneAtATime } from "./dev/one-at-a-time.js";
import { startOnFreePort } from "./dev/start-on-free-port.js";
import { watchSources } from "./dev/watch-sources.js";
import { EXIT } from "./exit-codes.js";
import { offersOf } from "./filters.js";
import { onInterrupt } from "./interrupts.js";
import { collect, wholeNumber } from "./option-values.js";
import { errorText, toldError } from "./print/error-text.js";
import { writeLine, type LineError } from "./print/json-lines.js";
import type { Screen } from "./print/screen.js";

interface Flags {
  readonly filters?: readonly string[];
  readonly workers: number;
  readonly port?: number;
  readonly store: string;
  readonly token?: string;
  readonly json?: boolean;
}

const EXAMPLES = `
A module of filters, say filters.ts:

  import { defineFilter } from "planwire";
  export const double = defineFilter("double", (xs: number[]) => xs.map((x) => 2 * x));

Examples:
  planwire dev
  planwire dev --filters clean.ts --filters scale.ts --workers 4 --store sqlite:dev.db

When a source file beside these modules is saved, new workers are started, and once they are ready the old ones finish what
they have and leave. A module that can't be loaded leaves the old ones in place.
`;

export function devCommand(screen: Screen): Command {
  return new Command("dev")
    .summary("a coordinator and workers, restarted as you edit")
    .description(
      "Starts a coordinator and workers, and starts the workers anew when filters change.",
    )
    .option(
      "--filters <file>",
      "a module of filters; may be repeated (default: ./filters.{ts,js,mjs})",
      collect,
    )
    .option("--workers <n>", "how many workers", wholeNumber(1, 256), 2)
    .option(
      "--port <port>",
      "the port to listen on (default: 7420, or the next free one)",
      wholeNumber(0, 65_535),
    )
    .option("--store <store>", "where plans are kept: memory or sqlite:FILE", "memory")
    .addOption(new Option("--token <token>", "what clients must show").env("PLANWIRE_TOKEN"))
    .option(
      "--json",
      "print one JSON object a line: listening, registered, reloaded, reload_failed",
    )
    .addHelpText("after", EXAMPLES)
    .action(async (flags: Flags) => {
      await dev(flags, screen);
    });
}

async function dev(flags: Flags, screen: Screen): Promise<void> {
  const files = filterFiles(flags.filters);
  const interrupted = new Promise<void>((tell) => {
    onInterrupt(() => tell());
  });
  const coordinator = await startOnFreePort(flags, screen);
  const fleet = new Fleet({
    url: coordinator.url,
    files,
    token: flags.token,
    size: flags.workers,
    onLine: (id, line) => screen.say(`${screen.sayStyle.dim(`${id} |`)} ${line}`),
    onGone: (id, how, retryInMs) =>
      screen.say(screen.sayStyle.yellow(`${id} ${how}; another one starts in ${retryInMs} ms`)),
  });
  process.once("exit", () => fleet.kill());
  try {
    if (flags.json) await writeLine(screen.out, { event: "listening", url: coordinator.url });
    const error = await Promise.race([fleet.renew(), interrupted]);
    if (error) throw errorOfLine(error);
    await tellReady(coordinator.url, files, fleet, flags, screen);
    const reload = oneAtATime(async () => tellReload(await fleet.renew(), fleet, flags, screen));
    const stopWatching = watchSources(files, reload);
    await interrupted;
    stopWatching();
    if (!flags.json)
      screen.say("stopping: workers finish what they have; once more to leave at once");
  } finally {
    await fleet.close();
    await coordinator.close("planwire dev ends");
  }
  process.exitCode = EXIT.ok;
}

async function tellReady(
  url: string,
  files: readonly string[],
  fleet: Fleet,
  flags: Flags,
  screen: Screen,
): Promise<void> {
  if (flags.json) {
    for (const worker_id of fleet.workerIds) {
      await writeLine(screen.out, { event: "registered", worker_id });
    }
    return;
  }
  const { sayStyle: style } = screen;
  const names = await filterNames(url, flags);
  const shown = files.map((file) => relative(process.cwd(), file)).join(", ");
  const at = url === "ws://127.0.0.1:7420" ? "" : ` --coordinator ${url}`;
  screen.say(
    [
      `${style.green("listening")} on ${style.bold(url)}, ${storeText(flags.store)}`,
      `${workersText(fleet)} ${style.bold(names.join(", "))} (${shown}, watched)`,
      `${style.dim("try:")} echo '{"plan":{"Execute":{"node_id":"${names[0] ?? "NAME"}"}}}' > plan.json`,
      `${style.dim("    ")} echo '[1,2,3]' | planwire submit plan.json --input -${at}`,
    ].join("\n"),
  );
}

function workersText({ workerIds }: Fleet): string {
  return workerIds.length === 1 ? "1 worker offers" : `${workerIds.length} workers offer`;
}

async function filterNames(url: string, { token }: Flags): Promise<string[]> {
  const flags = { coordinator: url, ...(token !== undefined && { token }) };
  const workers = await askCoordinator(flags, (pw) => pw.workers());
  return offersOf(workers).map(({ filter }) => filter.name);
}

async function tellReload(
  error: LineError | undefined,
  fleet: Fleet,
  flags: Flags,
  screen: Screen,
): Promise<void> {
  const worker_ids = fleet.workerIds;
  if (error) screen.say(errorText(toldError(errorOfLine(error)), screen.sayStyle));
  const kept = "the workers before this change go on";
  screen.say(error ? kept : screen.sayStyle.green(`reloaded: ${worker_ids.join(", ")}`));
  if (!flags.json) return;
  await writeLine(
    screen.out,
    error ? { event: "reload_failed", error } : { event: "reloaded", worker_ids },
  );
}
