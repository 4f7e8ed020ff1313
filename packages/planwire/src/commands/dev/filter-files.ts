import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { PlanwireError } from "@planwire/protocol";

const DEFAULTS = ["filters.ts", "filters.js", "filters.mjs"];

/** The modules to serve: those that were named, else `./filters.{ts,js,mjs}`. @throws PlanwireError BAD_USAGE */
export function filterFiles(named: readonly string[] | undefined): string[] {
  const files = named ?? DEFAULTS.filter((name) => existsSync(name)).slice(0, 1);
  if (files.length === 0) {
    throw new PlanwireError("BAD_USAGE", `there is no ${DEFAULTS.join(", ")} in ${process.cwd()}`, {
      hint: "planwire dev --filters FILE, or write filters.ts: see planwire dev --help",
    });
  }
  const missing = files.find((file) => !existsSync(file));
  if (missing !== undefined) {
    throw new PlanwireError("BAD_USAGE", `--filters ${missing}: there is no such file`);
  }
  return files.map((file) => resolve(file));
}
