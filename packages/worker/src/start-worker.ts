import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { availableParallelism, hostname } from "node:os";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { FilterDefinition } from "@planwire/plan";
import { isName, PlanwireError } from "@planwire/protocol";
import type { WorkerLifeEvent } from "./core/effect.js";
import { BOUNDS, DEFAULTS, type Bounds } from "./core/settings.js";
import { LinkHost } from "./link/link-host.js";

export interface WorkerOptions {
  /** The coordinator: `ws://host:port` or `wss://..`. */
  readonly url: string | URL;
  /** Default: the host's name and a random part. Fixed ids are for machines that matter: two workers can't have the same one. */
  readonly id?: string;
  readonly token?: string;
  /** Modules that export filters: paths or file URLs, .ts or .js. */
  readonly filters?: readonly (string | URL)[];
  /** Filters that this program holds itself; they run on the main thread. */
  readonly inline?: readonly FilterDefinition[];
  readonly tags?: readonly string[];
  /** Plans and streams that run at a time. Default: the cores of this machine. */
  readonly slots?: number;
  /** Threads that run filters, at most; as many processes. Default: the cores, or `slots` where that is less. */
  readonly threads?: number;
  /** Milliseconds between telling a filter to stop and killing its thread. Default: 5000. */
  readonly graceMs?: number;
  /** Bounds that seldom need another value. */
  readonly settings?: Partial<Bounds>;
  /** Told what happens to the worker, with `filterLoadFailed` also before `startWorker` rejects. */
  readonly onEvent?: (event: WorkerLifeEvent) => void;
}

export interface Worker {
  readonly id: string;
  /** Takes no new work, finishes what it has, delivers the results, then leaves. As `done`. */
  drain(reason: string): Promise<void>;
  /** Stops everything now: what runs is lost here, and runs again elsewhere. As `done`. */
  close(): Promise<void>;
  /** Adds filters that run on the main thread. Resolves when the coordinator knows them. */
  offer(definitions: readonly FilterDefinition[]): Promise<void>;
  /** Resolves when the worker has left; rejects with INTERNAL when it died. */
  readonly done: Promise<void>;
  /** Lets the worker keep this process alive, as it does unless told otherwise. */
  ref(): void;
  unref(): void;
}

/**
 * Starts a worker: loads its filters, then connects, and connects again for ever. Resolves when the filters are loaded, whether or not a
 * coordinator is there yet.
 *
 * Throws BAD_USAGE for wrong options, FILTER_LOAD_FAILED for a module that can't be loaded or exports no filter.
 */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { token, inline = [], tags = [], onEvent = () => {} } = options;
  const cores = availableParallelism();
  const slots = wholeNumber("slots", options.slots ?? cores);
  const threads = wholeNumber("threads", options.threads ?? Math.min(cores, slots));
  const id = options.id ?? freshId();
  if (!isName(id)) {
    throw badUsage(`id "${id}" is no name: letters, digits and _ . : - (at most 128)`);
  }
  const host = new LinkHost(
    {
      settings: {
        ...DEFAULTS,
        ...checkedBounds(options.settings ?? {}),
        url: coordinatorUrl(options.url),
        workerId: id,
        incarnation: randomUUID(),
        version: ownVersion(),
        slots,
        graceMs: options.graceMs ?? DEFAULTS.graceMs,
      },
      token,
      files: (options.filters ?? []).map(fileUrl),
      tags,
      threads,
    },
    inline,
    onEvent,
  );
  await host.started;
  return {
    id,
    done: host.done,
    drain(reason) {
      host.post({ type: "drain", reason });
      return host.done;
    },
    close() {
      host.abortAll();
      host.post({ type: "close" });
      return host.done;
    },
    offer: (definitions) => host.offer(definitions),
    ref: () => host.ref(),
    unref: () => host.unref(),
  };
}

function wholeNumber(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw badUsage(`${name} must be a whole number from 1, not ${value}`);
}

function checkedBounds(given: Partial<Bounds>): Partial<Bounds> {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(BOUNDS, name)) {
      throw badUsage(`there is no setting ${name}: known are ${Object.keys(BOUNDS).join(", ")}`);
    }
    wholeNumber(`settings.${name}`, value);
  }
  return given;
}

function coordinatorUrl(given: string | URL): string {
  const url = URL.canParse(String(given)) ? new URL(given) : undefined;
  if (url?.protocol === "ws:" || url?.protocol === "wss:") return url.href;
  throw badUsage(`the coordinator's url must be like ws://127.0.0.1:7420, not "${String(given)}"`);
}

/** A path counts from the working folder. */
function fileUrl(file: string | URL): string {
  if (file instanceof URL || file.startsWith("file:")) return String(file);
  return pathToFileURL(resolve(file)).href;
}

function freshId(): string {
  const host = hostname()
    .replaceAll(/[^A-Za-z0-9_.-]/g, "-")
    .slice(0, 60);
  return `${/^[A-Za-z0-9_]/.test(host) ? host : `worker-${host}`}-${randomUUID().slice(0, 8)}`;
}

function ownVersion(): string {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}

function badUsage(message: string): PlanwireError<"BAD_USAGE"> {
  return new PlanwireError("BAD_USAGE", `startWorker: ${message}`);
}
