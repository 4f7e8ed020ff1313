import { isErrorCode, type ErrorCode } from "@planwire/protocol";
import { InvalidArgumentError } from "commander";

/** For an option that takes a whole number. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER) {
  return (text: string): number => {
    const number = /^\d+$/.test(text) ? Number(text) : NaN;
    if (number >= least && number <= most) return number;
    const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`expected a whole number ${range}.`);
  };
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** For an option that takes a time: `500ms`, `10s`, `1.5m`, `7d`. In whole milliseconds. */
export function duration(text: string): number {
  const [, digits, unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim()) ?? [];
  const ms = Math.round(Number(digits) * (UNIT_MS[unit] ?? NaN));
  if (ms >= 1 && Number.isSafeInteger(ms)) return ms;
  throw new InvalidArgumentError("expected a time like 500ms, 10s or 2m.");
}

const UNIT_BYTES: Readonly<Record<string, number>> = {
  "": 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

/** For an option that takes a number of bytes: `65536`, `64KiB`, `1.5MiB`, `1GiB`. */
export function size(text: string): number {
  const [, digits, unit = ""] = /^(\d+(?:\.\d+)?)(KiB|MiB|GiB)?$/.exec(text.trim()) ?? [];
  const bytes = Number(digits) * (UNIT_BYTES[unit] ?? NaN);
  if (bytes >= 1 && Number.isSafeInteger(bytes)) return bytes;
  throw new InvalidArgumentError("expected a size like 65536, 64KiB or 512MiB.");
}

/** For an option that may be given several times. */
export function collect(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value];
}

/** `a,b` as two; blanks and empty items are dropped. */
export function commaList(text: string): string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

/** `FILTER_ERROR,WORKER_LOST`. */
export function errorCodes(text: string): ErrorCode[] {
  const named = commaList(text);
  const codes = named.filter(isErrorCode);
  if (codes.length === named.length && codes.length > 0) return codes;
  throw new InvalidArgumentError("expected codes such as FILTER_ERROR, joined by commas.");
}
