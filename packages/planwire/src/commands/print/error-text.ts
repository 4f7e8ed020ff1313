import { isPlanwireError, type Issue, type WireError } from "@planwire/protocol";
import { stackFrames } from "./stack-frames.js";
import type { Style } from "./style.js";

/** What a reader of the screen gets of an error, wherever it came from. */
export interface ToldError {
  readonly code: string;
  readonly message: string;
  /** More lines: where it is, what was expected, a filter's own stack. */
  readonly details: readonly string[];
  readonly hint?: string | undefined;
}

/** `error CODE: message`, then where and what was expected, then the next thing to try. */
export function errorText(error: ToldError, style: Style): string {
  const [first = "", ...more] = error.message.split("\n");
  return [
    `${style.red("error")} ${style.bold(error.code)}: ${first.trim()}`,
    ...[...more, ...error.details].map((line) => `  ${line.trim()}`),
    ...(error.hint === undefined ? [] : [`  ${style.dim("try:")} ${error.hint}`]),
  ].join("\n");
}

export function toldError(error: unknown): ToldError {
  if (!isPlanwireError(error)) return unexpected(error);
  const { code, message, hint } = error;
  return { code, message, details: [...detailLines(error.details), ...causeLines(error)], hint };
}

export function toldWireError(error: WireError): ToldError {
  const { code, message, hint } = error;
  const details = [
    ...(error.node_id === undefined ? [] : [`at node ${error.node_id}`]),
    ...(error.path === undefined ? [] : [`at ${error.path}`]),
    ...(error.expected === undefined ? [] : [`expected ${error.expected}`]),
    ...detailLines(error.details),
    ...stackFrames(error.cause?.stack),
  ];
  return { code, message, details, hint };
}

function unexpected(error: unknown): ToldError {
  const isError = error instanceof Error;
  return {
    code: "INTERNAL",
    message: isError ? error.message : String(error),
    details: isError ? stackFrames(error.stack) : [],
    hint: "this is a fault of planwire itself: please report it with the lines above",
  };
}

/** What an error's details say beyond its message. */
function detailLines(details: unknown): string[] {
  if (typeof details !== "object" || details === null) return [];
  const { path, expected, issues, offered } = details as Record<string, unknown>;
  return [
    ...(typeof path === "string" && path !== "" ? [`at ${path}`] : []),
    ...(typeof expected === "string" && expected !== "" ? [`expected ${expected}`] : []),
    ...(Array.isArray(issues) ? issues.flatMap(issueLine) : []),
    ...(Array.isArray(offered) ? [`workers offer: ${offered.join(", ") || "nothing yet"}`] : []),
  ];
}

function issueLine(issue: unknown): string[] {
  const { path, message } = (issue ?? {}) as Partial<Issue>;
  if (typeof message !== "string") return [];
  return [path ? `at ${path}: ${message}` : message];
}

function causeLines(error: Error): string[] {
  if (!(error.cause instanceof Error) || error.cause.stack === undefined) return [];
  return isPlanwireError(error, "FILTER_ERROR") || isPlanwireError(error, "FILTER_LOAD_FAILED")
    ? stackFrames(error.cause.stack)
    : [];
}
