import { resolve } from "node:path";
import { Command, Option } from "commander";
import { boundsOf, withBounds, type BoundFlags } from "./bound-flags.js";
import { EXIT } from "./exit-codes.js";
import { onInterrupt } from "./interrupts.js";
import { collect, duration, wholeNumber } from "./option-values.js";
import { writeLine } from "./print/json-lines.js";
import type { Screen } from "./print/screen.js";

interface Flags extends BoundFlags {
  readonly host: string;
  readonly port: number;
  readonly store: string;
  readonly token?: string;
  readonly allowOrigin?: readonly string[];
  readonly heartbeat?: number;
  readonly heartbeatTimeout?: number;
  readonly log: LogLevel;
  readonly json?: boolean;
}

const LOG_LEVELS = ["error", "warn", "info", "debug"] as const;
type LogLevel = (typeof LOG_LEVELS)[number];

const EXAMPLES = `
Examples:
  planwire coordinator
  planwire coordinator --store memory --port 0 --json
  PLANWIRE_TOKEN=secret planwire coordinator --host 0.0.0.0 --store sqlite:/var/lib/planwire/plans.db
  planwire coordinator --keep 30d --max-queued 1000000
  planwire coordinator --heartbeat 2s --heartbeat-timeout 10s --log info

Without a token it listens on this machine alone. SIGTERM and Ctrl-C end it cleanly; the second one ends it at once.
`;

export function coordinatorCommand(screen: Screen): Command {
  return withBounds(describe())
    .addHelpText("after", EXAMPLES)
    .action(async (flags: Flags) => {
      await runCoordinator(flags, screen);
    });
}

function describe(): Command {
  return new Command("coordinator")
    .summary("take plans and hand them to workers")
    .description("Listens for workers and clients, and keeps what was submitted.")
    .option("--host <host>", "the address to listen on", "127.0.0.1")
    .option("--port <port>", "the port to listen on; 0 for any", wholeNumber(0, 65_535), 7420)
    .option("--store <store>", "where plans are kept: sqlite:FILE or memory", "sqlite:planwire.db")
    .addOption(
      new Option("--token <token>", "what workers and clients must show").env("PLANWIRE_TOKEN"),
    )
    .option("--allow-origin <url>", "a web page that may connect; may be repeated", collect)
    .option("--heartbeat <time>", "how often workers give a sign of life (default: 10s)", duration)
    .option(
      "--heartbeat-timeout <time>",
      "after how much silence a worker is taken for dead, and its work given to others (default: 30s)",
      duration,
    )
    .addOption(
      new Option("--log <level>", "what is logged on stderr, as JSON lines")
        .choices(LOG_LEVELS)
        .default("warn"),
    )
    .option("--json", "print one JSON object a line: listening");
}

async function runCoordinator(flags: Flags, screen: Screen): Promise<void> {
  const { host, port, store, token, allowOrigin = [], log } = flags;
  const { heartbeat: heartbeatIntervalMs, heartbeatTimeout: heartbeatTimeoutMs } = flags;
  const { startCoordinator } = await import("@planwire/coordinator");
  const coordinator = await startCoordinator({
    host,
    port,
    store,
    allowOrigins: [...allowOrigin],
    log,
    ...boundsOf(flags),
    ...(token !== undefined && { token }),
    ...(heartbeatIntervalMs !== undefined && { heartbeatIntervalMs }),
    ...(heartbeatTimeoutMs !== undefined && { heartbeatTimeoutMs }),
  });
  const stopped = new Promise<string>((tell) => {
    onInterrupt(tell);
  });
  const { url } = coordinator;
  if (flags.json) await writeLine(screen.out, { event: "listening", url, store });
  else screen.say(welcome(url, store, screen));
  const signal = await stopped;
  if (!flags.json) screen.say("stopping");
  await coordinator.close(signal);
  process.exitCode = EXIT.ok;
}

function welcome(url: string, store: string, { sayStyle: style }: Screen): string {
  const at = url === "ws://127.0.0.1:7420" ? "" : ` --coordinator ${url}`;
  return [
    `${style.green("listening")} on ${style.bold(url)}, ${storeText(store)}`,
    `${style.dim("try:")} planwire worker${at} --filters filters.ts`,
  ].join("\n");
}

export function storeText(store: string): string {
  if (store === "memory") return "keeping plans in memory: a restart forgets them";
  return `keeping plans in ${resolve(store.replace(/^sqlite:/, ""))}`;
}
