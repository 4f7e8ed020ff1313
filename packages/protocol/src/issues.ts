import type * as z from "zod";
import type { Issue } from "./errors.js";

/** Issues of one error that are told; the rest are counted. */
const TOLD = 20;
const LONGEST_KEY = 64;
const IDENTIFIER = /^[A-Za-z_$#][\w$#-]*$/;

type ZodIssue = z.core.$ZodIssue;

/** What is wrong, in a person's words, one entry per place; at most 20. */
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
  if (issue.code !== "invalid_union") return { path: issue.path, message: wordsOf(issue) };
  const options = "options" in issue ? issue.options : undefined;
  if (options)
    return { path: issue.path, message: `expected one of ${options.map(String).join(", ")}` };
  const told = issue.errors.flatMap((option) => (option[0] ? [mostTelling(option[0])] : []));
  const furthest = told.reduce<Told | undefined>(
    (best, next) => (best && best.path.length >= next.path.length ? best : next),
    undefined,
  );
  if (!furthest) return { path: issue.path, message: wordsOf(issue) };
  if (furthest.path.length > 0) {
    return { path: [...issue.path, ...furthest.path], message: furthest.message };
  }
  const expected = new Set(told.map(({ message }) => expectedIn(message)));
  return { path: issue.path, message: `expected ${[...expected].join(" or ")}` };
}

function wordsOf(issue: ZodIssue): string {
  const words = issue.message
    .replace(/^(Invalid input|Invalid option|Too small|Too big): /, "")
    .replace("expected nonoptional, received undefined", "expected a value, received undefined")
    .replace(/, received undefined$/, ", found nothing")
    .replace(", received ", ", found ");
  return words.charAt(0).toLowerCase() + words.slice(1);
}
