import type { WorkerSummary } from "@planwire/protocol";
import { refused, type HttpAnswer } from "./answer.js";

/** What the pages show. */
export interface HttpView {
  isReady(): boolean;
  workers(): readonly WorkerSummary[];
  summary(): Readonly<Record<string, unknown>>;
}

/** Answers GET; whoever may not see anything may see this one: whether the process is alive. */
export const OPEN_TO_ALL = "/health";

const WEBSOCKET_PATHS: ReadonlySet<string> = new Set(["/", "/ws"]);

type Page = (view: HttpView) => HttpAnswer;
const PAGES: ReadonlyMap<string, Page> = new Map<string, Page>([
  [OPEN_TO_ALL, () => ({ status: 200, body: { status: "ok" } })],
  ["/ready", ready],
  ["/workers", (view) => ({ status: 200, body: { workers: view.workers() } })],
  ["/summary", (view) => ({ status: 200, body: view.summary() })],
]);

export function pathOf(url: string): string {
  return url.split("?")[0] ?? "";
}

export function isWebSocketPath(path: string): boolean {
  return WEBSOCKET_PATHS.has(path);
}

export function answerGet(method: string, path: string, view: HttpView): HttpAnswer {
  const page = PAGES.get(path);
  if (page === undefined) return isWebSocketPath(path) ? upgradeRequired(path) : notFound(path);
  return method === "GET" || method === "HEAD" ? page(view) : methodNotAllowed(method, path);
}

export function notFound(path: string): HttpAnswer {
  return refused({
    status: 404,
    code: "BAD_USAGE",
    message: `there is nothing at ${path}`,
    hint: `GET ${[...PAGES.keys()].join(", ")}, or a WebSocket at ${[...WEBSOCKET_PATHS].join(" or ")}.`,
  });
}

export function shuttingDown(): HttpAnswer {
  return refused({
    status: 503,
    code: "SHUTTING_DOWN",
    message: "this coordinator is going away",
    hint: "Try again when it has been started anew.",
  });
}

function ready(view: HttpView): HttpAnswer {
  return view.isReady() ? { status: 200, body: { ready: true } } : shuttingDown();
}

function methodNotAllowed(method: string, path: string): HttpAnswer {
  const answer = refused({
    status: 405,
    code: "BAD_USAGE",
    message: `${path} does not answer ${method}`,
    hint: "Use GET.",
  });
  return { ...answer, headers: { allow: "GET, HEAD" } };
}

function upgradeRequired(path: string): HttpAnswer {
  const answer = refused({
    status: 426,
    code: "BAD_USAGE",
    message: `${path} is a WebSocket`,
    hint: "Connect with a WebSocket client, or `planwire workers`.",
  });
  return { ...answer, headers: { connection: "upgrade", upgrade: "websocket" } };
}
