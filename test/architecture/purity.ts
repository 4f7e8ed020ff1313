// Code that decides has no clock, no randomness, no timers and no I/O of its own, so that every decision can be
// replayed from what went in.
import ts from "typescript59";
import { isBuiltin, packageNameOf } from "./arrows.js";
import { everyNode, importsOf, lineOf, type SourceFile } from "./source-files.js";

const clock = "take `now` from the event";
const identity = "take the id from the event";
const timer = "emit a wakeAt effect";

const members: Record<string, string> = {
  "Date.now": clock,
  "process.hrtime": clock,
  "process.uptime": clock,
  "Math.random": "take the random number from the event",
  "crypto.randomUUID": identity,
  "crypto.getRandomValues": identity,
};
const globals: Record<string, string> = {
  performance: clock,
  setTimeout: timer,
  setInterval: timer,
  setImmediate: timer,
};
const modules: Record<string, string> = {
  ws: "emit an effect and let the shell own the socket",
  nanoid: identity,
};

export function mustBePure({ path, isTest }: SourceFile): boolean {
  // The gateway's handlers are decisions, too: one file a message, run within the core's step.
  const decides = path.includes("/core/") || path.includes("/gateway/");
  return !isTest && (decides || /^packages\/(protocol|plan)\/src\//.test(path));
}

export function impurities(file: SourceFile): string[] {
  const found = importsOf(file).flatMap(({ specifier, line }) => {
    const instead = isBuiltin(specifier)
      ? "emit an effect and let the shell do it"
      : modules[packageNameOf(specifier)];
    return instead === undefined ? [] : [`${file.path}:${line} imports ${specifier}: ${instead}`];
  });
  everyNode(file, (node) => {
    const use = impureUse(node);
    if (use) found.push(`${file.path}:${lineOf(file, node)} uses ${use.what}: ${use.instead}`);
  });
  return found;
}

function impureUse(node: ts.Node): { what: string; instead: string } | undefined {
  if (ts.isPropertyAccessExpression(node)) {
    const owner = withoutGlobalThis(node.expression);
    const what = owner && `${owner}.${node.name.text}`;
    if (what && Object.hasOwn(members, what)) return { what, instead: members[what] ?? "" };
  }
  // `new Date(n)` only converts; `new Date()` and `Date()` read the clock.
  if (ts.isNewExpression(node) && withoutGlobalThis(node.expression) === "Date") {
    return node.arguments?.length ? undefined : { what: "new Date()", instead: clock };
  }
  if (ts.isCallExpression(node) && withoutGlobalThis(node.expression) === "Date") {
    return { what: "Date()", instead: clock };
  }
  if (ts.isIdentifier(node) && Object.hasOwn(globals, node.text) && isGlobalUse(node)) {
    return { what: node.text, instead: globals[node.text] ?? "" };
  }
  return undefined;
}

/** `Date` for both `Date` and `globalThis.Date`. */
function withoutGlobalThis(node: ts.Expression): string | undefined {
  if (ts.isIdentifier(node)) return node.text;
  const ofGlobal =
    ts.isPropertyAccessExpression(node) && node.expression.getText() === "globalThis";
  return ofGlobal ? node.name.text : undefined;
}

/** Not the name of somebody's own member or variable. */
function isGlobalUse(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) && parent.name === node) {
    return parent.expression.getText() === "globalThis";
  }
  return !("name" in parent && parent.name === node) && !ts.isTypeReferenceNode(parent);
}
