import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { isIPv6 } from "node:net";
import { now } from "./clock.js";
import { Connections } from "./connections.js";
import { CoreRunner } from "./core-runner.js";
import { CoordinatorCore } from "./core/core.js";
import { FrontDoor } from "./front-door.js";
import { HeldSockets } from "./held-sockets.js";
import { listen } from "./listen.js";
import { resolveOptions, type CoordinatorOptions, type ResolvedOptions } from "./options.js";
import type { Opened } from "./store/store.js";
import { openLog } from "./telemetry/log.js";
import { ownVersion } from "./version.js";

export interface Coordinator {
  /** `ws://host:port`, for workers and clients. */
  readonly url: string;
  readonly port: number;
  /** Made with the store: another one means that earlier executions are gone. */
  readonly historyId: string;
  /** Stops listening, closes all connections with SHUTTING_DOWN, closes the store. `reason` is for the log. */
  close(reason?: string): Promise<void>;
  /** Lets the coordinator keep this process alive, as it does unless told otherwise. */
  ref(): void;
  unref(): void;
}

/** How long peers have to answer the close of a coordinator that goes away. */
const FAREWELL_MS = 1_000;
/** A peer that vanished without a word is found by the network's own means after about this and a few tries more. */
const KEEP_ALIVE_MS = 30_000;

/**
 * Opens the store, takes up what it holds, and listens.
 *
 * Throws BAD_USAGE for wrong options or an address that can't be listened on, PORT_IN_USE with the next free port as its hint,
 * STORE_UNAVAILABLE when the store can't be opened.
 */
export async function startCoordinator(options: CoordinatorOptions = {}): Promise<Coordinator> {
  const resolved = resolveOptions(options);
  const opened = await resolved.store.open();
  try {
    return await run(resolved, opened);
  } catch (error) {
    await resolved.store.close();
    throw error;
  }
}

async function run(
  options: ResolvedOptions,
  { historyId, ...opened }: Opened,
): Promise<Coordinator> {
  const { host, store, token, allowOrigins } = options;
  const log = openLog(options.log);
  const settings = { ...options.settings, coordinatorId: randomUUID(), version: ownVersion() };
  const core = new CoordinatorCore(settings, { historyId, ...opened });
  const connections = new Connections(settings, log, (events) => runner.feed(events));
  const runner = new CoreRunner(core, connections, store, log);
  let closing: Promise<void> | undefined;

  const server = createServer({ keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS });
  const held = new HeldSockets(server);
  const view = {
    isReady: () => closing === undefined,
    workers: () => core.workers(now()),
    summary: () => core.summary(),
  };
  const rules = { token, allowOrigins };
  const { frameBytes } = settings;
  const door = new FrontDoor({ rules, view, connections, log, frameBytes });
  server.on("request", (request, response) => door.answer(request, response));
  server.on("upgrade", (request, socket, head) => door.upgrade(request, socket, head));
  runner.start();
  const port = await listen(server, host, options.port).catch((error: unknown) => {
    runner.stop();
    throw error;
  });
  const url = `ws://${isIPv6(host) ? `[${host}]` : host}:${port}`;
  log.info({ url, historyId, live: opened.live.length }, "listening");

  async function close(reason: string): Promise<void> {
    log.info({ reason }, "going away");
    runner.stop();
    const closed = new Promise((resolve) => server.close(resolve));
    await connections.closeAll("SHUTTING_DOWN", FAREWELL_MS);
    server.closeAllConnections();
    await closed;
    await store.close();
  }
  return {
    url,
    port,
    historyId,
    close: (reason = "closed") => (closing ??= close(reason)),
    ref: () => held.ref(),
    unref: () => held.unref(),
  };
}
