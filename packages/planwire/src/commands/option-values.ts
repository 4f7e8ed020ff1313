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

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** For an option that takes a time: `500ms`, `10s`, `1.5m`. In whole milliseconds. */
export function duration(text: string): number {
  const [, digits, unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text.trim()) ?? [];
  const ms = Math.round(Number(digits) * (UNIT_MS[unit] ?? NaN));
  if (ms >= 1 && Number.isSafeInteger(ms)) return ms;
  throw new InvalidArgumentError("expected a time like 500ms, 10s or 2m.");
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
