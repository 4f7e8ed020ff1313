import { findNonJson, type JsonValue } from "@planwire/protocol";
import type { CallId, CallReport } from "../core/filter-call.js";

/** A call's progress travels at most this often; between two, only the newest counts. */
const PROGRESS_EVERY_MS = 100;
/** Lines that one call may log. Beyond, one last line says that the rest is dropped. */
const MOST_LINES = 1000;
/** Characters of one line, and of its fields as JSON. */
const LONGEST_LINE = 8 * 1024;

/** What a running call says: progress throttled, logs bounded, so that a chatty filter floods nobody. */
export class CallReports {
  readonly #call: CallId;
  readonly #report: (report: CallReport) => void;
  #progressAt = -Infinity;
  #lines = 0;

  constructor(call: CallId, report: (report: CallReport) => void) {
    this.#call = call;
    this.#report = report;
  }

  /** No timer sends what was held back: a filter that blocks its thread would starve it, and the call's end says more anyway. */
  progress(fraction: number): void {
    if (typeof fraction !== "number" || Number.isNaN(fraction)) {
      throw new TypeError(`ctx.progress(fraction) expects a number from 0 to 1, not ${fraction}`);
    }
    const now = performance.now();
    if (fraction < 1 && now - this.#progressAt < PROGRESS_EVERY_MS) return;
    this.#progressAt = now;
    this.#report({
      call: this.#call,
      kind: "progress",
      fraction: Math.min(Math.max(fraction, 0), 1),
    });
  }

  log(message: string, fields?: Record<string, unknown>): void {
    this.#lines += 1;
    if (this.#lines > MOST_LINES + 1) return;
    if (this.#lines > MOST_LINES) {
      return this.#line(`further lines of this call are dropped, it has logged ${MOST_LINES}`);
    }
    this.#line(shorten(String(message)), fields === undefined ? undefined : plainFields(fields));
  }

  #line(message: string, fields?: JsonValue): void {
    this.#report({
      call: this.#call,
      kind: "log",
      message,
      ...(fields !== undefined && { fields }),
    });
  }
}

function shorten(text: string): string {
  return text.length > LONGEST_LINE ? `${text.slice(0, LONGEST_LINE)}…` : text;
}

/** Fields as the JSON that JSON.stringify makes of them; what is too long, or no JSON, says so. A log call never fails a filter. */
function plainFields(fields: Record<string, unknown>): JsonValue {
  try {
    const text = JSON.stringify(fields);
    if (text.length > LONGEST_LINE) return { dropped: `fields of ${text.length} characters` };
    const plain: unknown = JSON.parse(text);
    return findNonJson(plain) ? { dropped: "fields that nest too deeply" } : (plain as JsonValue);
  } catch (error) {
    return { dropped: `fields that are no JSON: ${String(error).slice(0, 200)}` };
  }
}
