import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { isStep } from "@planwire/plan";
import { PlanwireError } from "@planwire/protocol";
import { stackFrames } from "../print/stack-frames.js";
import { readFailure } from "./read-text.js";

const MODULE = /\.[cm]?[jt]s$/;
const TYPESCRIPT = /\.[cm]?ts$/;

export interface ModuleName {
  readonly file: string;
  /** After the `#`; absent where none is named. */
  readonly exportName?: string;
}

/** `plan.ts#tidy`, `plan.js`; undefined for a name that is no module's. */
export function moduleName(source: string): ModuleName | undefined {
  const hash = source.lastIndexOf("#");
  const file = hash === -1 ? source : source.slice(0, hash);
  if (!MODULE.test(file)) return undefined;
  return hash === -1 ? { file } : { file, exportName: source.slice(hash + 1) };
}

/** The plan or filter that a module exports: the one that is named, else the default, else the only one. */
export async function loadStep({ file, exportName }: ModuleName): Promise<unknown> {
  const exported = await loadModule(file);
  const plans = Object.keys(exported).filter((name) => isStep(exported[name]));
  if (exportName !== undefined) {
    if (plans.includes(exportName)) return exported[exportName];
    const what = exportName in exported ? "is no plan or filter" : "does not exist";
    throw wrong(file, plans, `the export "${exportName}" ${what}`);
  }
  if (plans.includes("default")) return exported["default"];
  const [only] = plans;
  if (only === undefined) throw wrong(file, plans, "it exports no plan");
  if (plans.length > 1) throw wrong(file, plans, "it exports several plans and none as default");
  return exported[only];
}

function wrong(file: string, plans: readonly string[], what: string): PlanwireError {
  const [first] = plans;
  return new PlanwireError(
    "BAD_USAGE",
    `${file}: ${what}; its plans and filters are: ${plans.join(", ") || "none"}`,
    {
      hint:
        first === undefined
          ? 'export one: export const tidy = plan("tidy").pipe(clean)'
          : `name one of them: ${file}#${first}`,
    },
  );
}

async function loadModule(file: string): Promise<Record<string, unknown>> {
  const path = resolve(file);
  try {
    await stat(path);
  } catch (error) {
    throw readFailure(file, error);
  }
  try {
    return TYPESCRIPT.test(path)
      ? await importTypeScript(path)
      : await import(pathToFileURL(path).href);
  } catch (cause) {
    throw loadFailure(file, cause);
  }
}

function loadFailure(file: string, cause: unknown): PlanwireError {
  const { message, stack, code } = (
    cause instanceof Error ? cause : new Error(String(cause))
  ) as NodeJS.ErrnoException;
  const isMissing = code === "MODULE_NOT_FOUND" || code === "ERR_MODULE_NOT_FOUND";
  return new PlanwireError(
    "BAD_USAGE",
    [`can't load ${file}: ${message}`, ...stackFrames(stack)].join("\n"),
    {
      cause,
      hint: isMissing
        ? "install what it imports where it stands, with npm install"
        : "run the module with node or tsx: it must load without planwire's help",
    },
  );
}

/** The same loader on every version of Node: 20 can't import TypeScript by itself. */
async function importTypeScript(path: string): Promise<Record<string, unknown>> {
  const { createJiti } = await import("jiti");
  return createJiti(pathToFileURL(path).href, { interopDefault: false }).import(path);
}
