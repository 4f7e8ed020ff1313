import * as z from "zod/mini";
import type { Issue } from "./errors.js";

/** Issues of one error that are told; the rest are counted. */
const TOLD = 20;
const LONGEST_KEY = 64;
const IDENTIFIER = /^[A-Za-z_$#][\w$#-]*$/;

/** As a schema raised it, or as safeParse tells it. */
type ZodIssue = z.core.$ZodIssue | z.core.$ZodRawIssue;

/**
 * What is wrong, in a person's words, one entry per place; at most 20. What was found is said where the schema was told to
 * `reportInput`.
 */
export function issuesOf(error: { readonly issues: readonly ZodIssue[] }): Issue[] {
  return error.issues.slice(0, TOLD).map((issue) => {
    const { path, message } = mostTelling(issue);
    return { path: pathText(path), message };
  });
}

/** `plan.Sequence[1].Execute.node_id`; the empty path is the message itself. */
export function pathText(path: readonly PropertyKey[]): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (IDENTIFIER.test(String(step)))
      text += text === "" ? shorten(step) : `.${shorten(step)}`;
    else text += `[${JSON.stringify(shorten(step))}]`;
  }
  return text;
}

/** What should have stood there, out of an issue's message: `expected string, found number` gives `string`. */
export function expectedIn(message: string): string {
  const said = /expected (.*?)(?:, (?:found|got) .*)?$/s.exec(message)?.[1];
  return said ?? message;
}

function shorten(key: PropertyKey): string {
  const text = String(key);
  return text.length > LONGEST_KEY ? `${text.slice(0, LONGEST_KEY)}…` : text;
}

interface Told {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** A union fails in each of its options; the option that came furthest is the one that was meant. */
function mostTelling(issue: ZodIssue): Told {
  const { path = [] } = issue;
  if (issue.code !== "invalid_union") return { path, message: wordsOf(issue) };
  const options = "options" in issue ? issue.options : undefined;
  if (Array.isArray(options))
    return { path, message: `expected one of ${options.map(String).join(", ")}` };
  const told = issue.errors.flatMap((option) => (option[0] ? [mostTelling(option[0])] : []));
  const furthest = told.reduce<Told | undefined>(
    (best, next) => (best && best.path.length >= next.path.length ? best : next),
    undefined,
  );
  if (!furthest) return { path, message: wordsOf(issue) };
  if (furthest.path.length > 0) {
    return { path: [...path, ...furthest.path], message: furthest.message };
  }
  const expected = new Set(told.map(({ message }) => expectedIn(message)));
  return { path, message: `expected ${[...expected].join(" or ")}` };
}

/** zod's own words need a locale, which is much code for a browser and a setting that zod's other users in a process share. */
function wordsOf(issue: ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `expected ${issue.expected === "nonoptional" ? "a value" : issue.expected}${foundIn(issue)}`;
    case "invalid_value":
      return `expected ${issue.values.length > 1 ? "one of " : ""}${issue.values.map(literalText).join("|")}`;
    case "too_small":
      return `expected ${issue.origin} ${bound(issue, ">", issue.minimum)}`;
    case "too_big":
      return `expected ${issue.origin} ${bound(issue, "<", issue.maximum)}`;
    default:
      return issue.message ?? "not understood";
  }
}

function foundIn(issue: ZodIssue): string {
  if (!("input" in issue)) return "";
  const { input } = issue;
  if (input === undefined) return ", found nothing";
  // NaN and the infinities by name: "expected number, found number" says nothing.
  const name = typeof input === "number" && !Number.isFinite(input) ? String(input) : undefined;
  return `, found ${name ?? z.util.parsedType(input)}`;
}

function literalText(value: z.core.util.Primitive): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

const UNITS: Readonly<Record<string, string>> = { string: "characters", array: "items" };

interface Bounded {
  readonly origin: string;
  readonly inclusive?: boolean | undefined;
  readonly exact?: boolean | undefined;
}

function bound(issue: Bounded, sign: "<" | ">", limit: number | bigint): string {
  const unit = UNITS[issue.origin];
  const amount = `${issue.exact ? "exactly " : issue.inclusive ? `${sign}=` : sign}${limit}`;
  return unit === undefined ? `to be ${amount}` : `to have ${amount} ${unit}`;
}
