import { LIMITS, PlanwireError } from "@planwire/protocol";
import { isLoopbackName } from "./access.js";
import { DEFAULT_SETTINGS, type Settings } from "./core/settings.js";
import { openStore } from "./store/open-store.js";
import type { Store } from "./store/store.js";
import type { LogOption } from "./telemetry/log.js";

export type SettingOverrides = Partial<Omit<Settings, "coordinatorId" | "version">>;

export interface CoordinatorOptions {
  /** What to listen on, 127.0.0.1 unless given. Beyond loopback only with a token. */
  readonly host?: string;
  /** 7420 unless given; 0 takes any that is free. */
  readonly port?: number;
  /** `memory` (unless given), `sqlite:FILE`, or a store, which is opened and closed here. */
  readonly store?: string | Store;
  /** Whoever connects must present it. */
  readonly token?: string;
  /** Origins of web pages that may connect: `https://example.org`. */
  readonly allowOrigins?: readonly string[];
  /** How often workers are told to give a sign of life, 10,000 ms unless given. */
  readonly heartbeatIntervalMs?: number;
  /** After how much silence a worker is taken for dead, 30,000 ms unless given. */
  readonly heartbeatTimeoutMs?: number;
  /** How long ended executions are kept, in milliseconds; 7 days unless given. */
  readonly keepMs?: number;
  /** Bytes; at most what `LIMITS` says, which is what holds unless given. */
  readonly limits?: { readonly frameBytes?: number; readonly chunkBytes?: number };
  /** Bounds that seldom need another value. */
  readonly settings?: SettingOverrides;
  /** Level of the JSON lines on stderr (`warn` unless given), a pino logger, or false for none. */
  readonly log?: LogOption;
}

export interface ResolvedOptions {
  readonly host: string;
  readonly port: number;
  readonly store: Store;
  readonly token: string | undefined;
  readonly allowOrigins: readonly string[];
  readonly settings: Omit<Settings, "coordinatorId" | "version">;
  readonly log: LogOption;
}

export const DEFAULT_PORT = 7420;
const LEAST_FRAME_BYTES = 1024;

const OPTIONS = {
  host: true,
  port: true,
  store: true,
  token: true,
  allowOrigins: true,
  heartbeatIntervalMs: true,
  heartbeatTimeoutMs: true,
  keepMs: true,
  limits: true,
  settings: true,
  log: true,
} satisfies Record<keyof CoordinatorOptions, true>;
const LIMIT_OPTIONS = { frameBytes: true, chunkBytes: true };

/** @throws PlanwireError BAD_USAGE naming the option that is wrong */
export function resolveOptions(options: CoordinatorOptions): ResolvedOptions {
  refuseUnknown("", options, OPTIONS);
  refuseUnknown("limits.", options.limits ?? {}, LIMIT_OPTIONS);
  refuseUnknown("settings.", options.settings ?? {}, DEFAULT_SETTINGS);
  const { host = "127.0.0.1", token } = options;
  if (token === "") throw wrong("token", "is empty", "a secret, or no token at all");
  if (token === undefined && !isLoopbackName(host)) {
    throw new PlanwireError("BAD_USAGE", `host ${host} lets other machines in, without a token`, {
      hint: "Set a token (`--token`), or listen on 127.0.0.1.",
    });
  }
  return {
    host,
    port: wholeNumber("port", options.port ?? DEFAULT_PORT, 0, 65_535),
    settings: settingsOf(options),
    token,
    allowOrigins: (options.allowOrigins ?? []).map(originOf),
    log: options.log ?? "warn",
    store: storeOf(options.store ?? "memory"),
  };
}

function settingsOf(options: CoordinatorOptions): ResolvedOptions["settings"] {
  const { limits = {}, heartbeatIntervalMs, heartbeatTimeoutMs, keepMs } = options;
  const given = { ...options.settings, ...limits, heartbeatIntervalMs, heartbeatTimeoutMs, keepMs };
  const settings = { ...DEFAULT_SETTINGS, ...withoutUndefined(given) };
  for (const [name, value] of Object.entries(settings)) {
    wholeNumber(name, value, 1, Number.MAX_SAFE_INTEGER);
  }
  wholeNumber("frameBytes", settings.frameBytes, LEAST_FRAME_BYTES, LIMITS.frameBytes);
  if (settings.heartbeatTimeoutMs <= settings.heartbeatIntervalMs) {
    const expected = `more than heartbeatIntervalMs (${settings.heartbeatIntervalMs})`;
    throw wrong("heartbeatTimeoutMs", `is ${settings.heartbeatTimeoutMs}`, expected);
  }
  // A chunk travels in a frame.
  const chunkBytes = Math.min(settings.chunkBytes, settings.frameBytes);
  return { ...settings, chunkBytes };
}

function storeOf(store: string | Store): Store {
  if (typeof store === "string") return openStore(store);
  if (typeof store === "object" && store !== null && typeof store.commit === "function") {
    return store;
  }
  throw wrong("store", "is neither", "`memory`, `sqlite:FILE` or a Store");
}

/** As browsers send it: no path, no default port. */
function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isOrigin =
    url !== undefined &&
    url.host !== "" &&
    (url.pathname === "" || url.pathname === "/") &&
    url.search + url.hash + url.username === "";
  if (!isOrigin) throw wrong("allowOrigins", `has ${JSON.stringify(text)}`, "https://example.org");
  // Schemes that URL has no origin for: browser extensions.
  return url.origin === "null" ? `${url.protocol}//${url.host}` : url.origin;
}

function refuseUnknown(where: string, given: object, known: object): void {
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(known, name));
  if (unknown === undefined) return;
  throw new PlanwireError("BAD_USAGE", `startCoordinator: unknown option ${where}${unknown}`, {
    hint: `Known: ${Object.keys(known).join(", ")}.`,
  });
}

/** A caller in plain JavaScript may say undefined for what it doesn't say. */
function withoutUndefined(given: {
  readonly [Name in keyof SettingOverrides]: SettingOverrides[Name] | undefined;
}): SettingOverrides {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function wholeNumber(name: string, value: number, least: number, most: number): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw wrong(name, `is ${String(value)}`, `a whole number from ${least} to ${most}`);
}

function wrong(name: string, what: string, expected: string): PlanwireError<"BAD_USAGE"> {
  return new PlanwireError("BAD_USAGE", `startCoordinator: ${name} ${what}, expected ${expected}`);
}
