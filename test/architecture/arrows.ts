// Which package may know which, and that every import is declared where npm would look for it.
import { builtinModules } from "node:module";
import { posix } from "node:path";
import { importsOf, type Manifest, type Package } from "./source-files.js";

const core = ["protocol", "plan"];
const parts = [...core, "coordinator", "worker", "client"];

/** protocol <- plan <- {coordinator, worker, client} <- {planwire, dashboard, testkit} */
const arrows: Record<string, readonly string[]> = {
  protocol: [],
  plan: ["protocol"],
  coordinator: core,
  worker: core,
  client: core,
  planwire: parts,
  dashboard: parts,
  testkit: parts,
};

/** The package's folder, for a package of ours. */
function folderOf(name: string): string | undefined {
  if (name === "planwire") return "planwire";
  return name.startsWith("@planwire/") ? name.slice("@planwire/".length) : undefined;
}

export function packageNameOf(specifier: string): string {
  const [first = "", second = ""] = specifier.split("/");
  return specifier.startsWith("@") ? `${first}/${second}` : first;
}

export function isBuiltin(specifier: string): boolean {
  return specifier.startsWith("node:") || builtinModules.includes(packageNameOf(specifier));
}

function mayKnow(from: string, to: string, inTest: boolean): boolean {
  return from === to || (arrows[from]?.includes(to) ?? false) || (inTest && to === "testkit");
}

export function wrongArrows({ folder, manifest, files }: Package): string[] {
  if (!arrows[folder])
    return [`packages/${folder}: not in the arrows of test/architecture/arrows.ts`];
  const allowed = `${folder} may know only: ${arrows[folder].join(", ") || "none of our packages"}`;
  const found: string[] = [];
  for (const name of declared(manifest)) {
    const to = folderOf(name);
    if (to !== undefined && !mayKnow(folder, to, false)) {
      found.push(`packages/${folder}/package.json depends on ${name}; ${allowed}`);
    }
  }
  for (const file of files) {
    for (const { specifier, line } of importsOf(file)) {
      const to = specifier.startsWith(".")
        ? posix.normalize(posix.join(posix.dirname(file.path), specifier)).split("/")[1]
        : folderOf(packageNameOf(specifier));
      const leaves = specifier.startsWith(".") && to !== folder;
      if (leaves)
        found.push(`${file.path}:${line} "${specifier}": import another package by its name`);
      else if (to !== undefined && !mayKnow(folder, to, file.isTest)) {
        found.push(`${file.path}:${line} imports ${specifier}; ${allowed}`);
      }
    }
  }
  return found;
}

export function undeclaredImports(pkg: Package, rootManifest: Manifest): string[] {
  const own = new Set([...declared(pkg.manifest), pkg.manifest.name]);
  const forTests = new Set([...own, ...declared(rootManifest, "devDependencies")]);
  const internal = Object.keys(pkg.manifest.imports ?? {});
  const found: string[] = [];
  for (const file of pkg.files) {
    for (const { specifier, line } of importsOf(file)) {
      if (specifier.startsWith(".") || isBuiltin(specifier)) continue;
      const known = specifier.startsWith("#")
        ? internal.includes(specifier)
        : (file.isTest ? forTests : own).has(packageNameOf(specifier));
      if (!known) {
        const where = `packages/${pkg.folder}/package.json`;
        found.push(`${file.path}:${line} imports ${specifier}: declare it in ${where}`);
      }
    }
  }
  return found;
}

function declared(manifest: Manifest, ...more: "devDependencies"[]): string[] {
  const kinds = ["dependencies", "optionalDependencies", "peerDependencies", ...more] as const;
  return kinds.flatMap((kind) => Object.keys(manifest[kind] ?? {}));
}
