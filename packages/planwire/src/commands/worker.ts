import { Command, Option } from "commander";
import type { Worker, WorkerLifeEvent } from "@planwire/worker";
import { coordinatorOption, tokenOption } from "./connection.js";
import { EXIT } from "./exit-codes.js";
import { collect, commaList, wholeNumber } from "./option-values.js";
import { errorText, toldWireError } from "./print/error-text.js";
import { writeLine } from "./print/json-lines.js";
import { printsToStderr } from "./print/prints-to-stderr.js";
import type { Screen } from "./print/screen.js";
import type { Style } from "./print/style.js";

interface Flags {
  readonly coordinator: string;
  readonly token?: string;
  readonly id?: string;
  readonly filters?: readonly string[];
  readonly tags?: readonly string[];
  readonly slots?: number;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  planwire worker --filters filters.ts
  planwire worker --coordinator ws://10.0.0.5:7420 --id gpu-1 --tags gpu,large --filters a.ts --filters b.js
  PLANWIRE_URL=ws://10.0.0.5:7420 PLANWIRE_TOKEN=secret planwire worker --filters filters.ts

A worker tries to reach its coordinator for ever, also one that refuses it; it says why it is refused, and again when the
reason changes. SIGTERM and Ctrl-C drain it: it takes no new work, finishes what it has,
delivers the results, and leaves; the second one ends it at once.
`;

export function workerCommand(screen: Screen): Command {
  return new Command("worker")
    .summary("run the filters of plans")
    .description("Connects to a coordinator, offers the filters of modules, and runs them.")
    .addOption(coordinatorOption())
    .addOption(tokenOption())
    .option("--id <id>", "under which it is known (default: the host's name and a random part)")
    .option("--filters <file>", "a module that exports filters; may be repeated", collect)
    .option("--tags <tags>", "what plans may ask for: a,b", commaList)
    .addOption(
      new Option("--slots <n>", "plans that run at a time (default: one a core)").argParser(
        wholeNumber(1, 65_536),
      ),
    )
    .option("--json", "print one JSON object a line: registered, refused")
    .addHelpText("after", EXAMPLES)
    .action(async (flags: Flags) => {
      await runWorker(flags, screen);
    });
}

async function runWorker(flags: Flags, screen: Screen): Promise<void> {
  const { coordinator, token, id, filters = [], tags = [], slots, json = false } = flags;
  if (json) printsToStderr();
  const { startWorker } = await import("@planwire/worker");
  const worker = await startWorker({
    url: coordinator,
    filters,
    tags,
    onEvent: (event) => tell(event, screen, json),
    ...(id !== undefined && { id }),
    ...(token !== undefined && { token }),
    ...(slots !== undefined && { slots }),
  });
  onStop(worker);
  await worker.done;
  process.exitCode = EXIT.ok;
}

/** Drains the worker when it is told to stop; told for the second time, it ends at once. */
function onStop(worker: Worker): void {
  let told = false;
  const stop = (signal: string) => {
    if (told) process.exit(EXIT.failed);
    told = true;
    void worker.drain(signal);
  };
  process.on("SIGTERM", stop);
  if (process.channel === undefined) {
    process.on("SIGINT", stop);
    return;
  }
  // Started by `dev`: Ctrl-C goes to all processes of a terminal, but what follows from it is for `dev` to say. When `dev` is gone so is
  // its coordinator, and a result that nobody takes would keep a draining worker for ever.
  process.on("SIGINT", () => {});
  process.once("disconnect", () => void worker.close());
}

function tell(event: WorkerLifeEvent, screen: Screen, json: boolean): void {
  if (json) void tellJson(event, screen);
  if (json && SAID_IN_JSON.has(event.type)) return;
  if (process.channel !== undefined && LEAVING.has(event.type)) return; // `dev` says so itself.
  const line = lifeLine(event, screen.sayStyle);
  if (line !== undefined) screen.say(line);
}

type EventType = WorkerLifeEvent["type"];
const SAID_IN_JSON: ReadonlySet<EventType> = new Set(["connecting", "registered"]);
const LEAVING: ReadonlySet<EventType> = new Set(["draining", "drained"]);

async function tellJson(event: WorkerLifeEvent, { out }: Screen): Promise<void> {
  if (event.type === "registered") {
    await writeLine(out, { event: "registered", worker_id: event.workerId });
  }
  if (event.type === "refused") {
    const { type, retryInMs: _soon, ...error } = event;
    await writeLine(out, { event: type, error });
  }
}

function lifeLine(event: WorkerLifeEvent, style: Style): string | undefined {
  switch (event.type) {
    case "connecting":
      return style.dim(`connecting to ${event.url}`);
    case "registered":
      return `${style.green("registered")} as ${style.bold(event.workerId)}, ready for work`;
    case "refused":
      return errorText(
        toldWireError({ ...event, message: `${event.message}; it keeps trying`, retryable: false }),
        style,
      );
    case "lost":
      return style.yellow(`no connection${endText(event.end.reason)}; it keeps trying`);
    case "isolateCrashed":
      return style.yellow(`a filter's thread died: ${event.reason}`);
    case "callStuck":
      return style.yellow(
        `${event.nodeId} of ${event.planId} did not stop when told to; ${event.killed ? "its thread was killed" : "it still runs, and keeps its slot"}`,
      );
    case "draining":
      return `draining (${event.reason}): finishing what it has; once more to leave at once`;
    case "drained":
      return "drained";
    case "filterLoadFailed":
      return undefined; // startWorker throws it, too.
  }
}

function endText(reason: string | undefined): string {
  return reason ? `: ${reason}` : "";
}
