import { stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { definitionOf, type FilterDefinition } from "@planwire/plan";
import { createJiti } from "jiti";
import { offerKey, type FilterOffer } from "../core/filter-call.js";
import { causeOf } from "../execute/call-error.js";
import type { FileFilter, Loaded, LoadFailure } from "./messages.js";

/** The filters of modules, by offerKey, with their code: of use in the thread that loaded them only. */
export interface LoadedFilters extends Loaded {
  readonly definitions: ReadonlyMap<string, FilterDefinition>;
}

/** Loads filter modules (file URLs), one after the other, so that output and failures come in the order given. */
export async function loadFilters(files: readonly string[]): Promise<LoadedFilters> {
  const definitions = new Map<string, FilterDefinition>();
  const filters: FileFilter[] = [];
  const failures: LoadFailure[] = [];
  for (const file of files) {
    const found = await filtersOf(file);
    if (!Array.isArray(found)) {
      failures.push(found);
      continue;
    }
    for (const definition of found) {
      const key = offerKey(definition);
      const other = definitions.get(key);
      // The same object twice is one filter, exported again.
      if (other === definition) continue;
      if (other !== undefined) {
        const first = filters.find(({ offer }) => offerKey(offer) === key)?.file ?? file;
        failures.push(definedTwice(key, first, file));
        continue;
      }
      definitions.set(key, definition);
      filters.push({ offer: offerOf(definition), file });
    }
  }
  return { definitions, filters, failures };
}

export function offerOf(definition: FilterDefinition): FilterOffer {
  const { name, version, kind, streamMode, isolate, timeoutMs } = definition;
  return {
    name,
    kind,
    streamMode,
    isolate,
    ...(version !== undefined && { version }),
    ...(timeoutMs !== undefined && { timeoutMs }),
  };
}

async function filtersOf(file: string): Promise<FilterDefinition[] | LoadFailure> {
  const load = loaderOf(file);
  if (load === undefined) {
    return {
      file,
      message: "this is no TypeScript or JavaScript module",
      hint: "give a file that ends in .ts, .mts, .cts, .js, .mjs or .cjs",
    };
  }
  if (!(await isFile(file))) {
    return { file, message: "there is no such file", hint: "check the path" };
  }
  let module: Readonly<Record<string, unknown>>;
  try {
    module = await load(file);
  } catch (error) {
    const cause = causeOf(error);
    return {
      file,
      message: `the module could not be loaded: ${cause.message}`,
      hint: "mend what the cause names; the module must load without the worker's help",
      cause,
    };
  }
  const found = definitionsIn(module);
  return found.length > 0 ? found : withoutFilters(file, module);
}

function loaderOf(
  file: string,
): ((file: string) => Promise<Readonly<Record<string, unknown>>>) | undefined {
  if (/\.[cm]?ts$/.test(file)) return loadTypeScript;
  if (/\.[cm]?js$/.test(file)) return (url) => import(url);
  return undefined;
}

async function loadTypeScript(file: string): Promise<Record<string, unknown>> {
  const jiti = createJiti(file, { interopDefault: false });
  return jiti.import<Record<string, unknown>>(fileURLToPath(file));
}

/** Exports of a module; those of a default export that is a plain object too, which is how CommonJS modules arrive. */
function definitionsIn(module: Readonly<Record<string, unknown>>): FilterDefinition[] {
  const exported = Object.values(module).flatMap((value) =>
    isPlainObject(value) ? [value, ...Object.values(value)] : [value],
  );
  return [...new Set(exported.map(definitionOf))].filter((found) => found !== undefined);
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype
  );
}

async function isFile(file: string): Promise<boolean> {
  try {
    return (await stat(new URL(file))).isFile();
  } catch {
    return false;
  }
}

function withoutFilters(file: string, module: Readonly<Record<string, unknown>>): LoadFailure {
  const names = Object.keys(module);
  const exported = names.length > 0 ? `only ${names.slice(0, 20).join(", ")}` : "nothing";
  return {
    file,
    message: `no filter is exported, ${exported}`,
    hint: 'export const double = defineFilter("double", (x) => x * 2);',
  };
}

function definedTwice(key: string, first: string, second: string): LoadFailure {
  const where = first === second ? "twice in this module" : `in ${fileURLToPath(first)} too`;
  return {
    file: second,
    message: `a filter named "${key}" is defined ${where}`,
    hint: "give one of them another name, or a version",
  };
}
