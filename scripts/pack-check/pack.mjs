// Packs every published package from a clean build.
import { existsSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { findNpx, root, runNode, tool } from "../run.mjs";
import { PNPM } from "../setup.mjs";

/**
 * @typedef {{ name: string, file: string }} Tarball
 * @param {string} folder
 * @returns {Tarball[]}
 */
export function packAll(folder) {
  const packages = published();
  // A file that a rename left behind in dist would be published: start clean.
  for (const { path } of packages) rmSync(join(path, "dist"), { recursive: true, force: true });
  if (runNode([tool.tsc, "-b", "--force"]) !== 0) throw new Error("the build failed");
  return packages.map(({ name, version, path }) => {
    const code = runNode([
      findNpx(),
      "--yes",
      PNPM,
      "--dir",
      path,
      "pack",
      "--pack-destination",
      folder,
    ]);
    if (code !== 0) throw new Error(`${name} could not be packed`);
    const base = `${name.replace("@", "").replace("/", "-")}-${version}.tgz`;
    const file = join(folder, base);
    if (!existsSync(file)) throw new Error(`packing ${name} left no ${base}`);
    return { name, file };
  });
}

function published() {
  return readdirSync(join(root, "packages"))
    .map((folder) => join(root, "packages", folder))
    .map((path) => ({ path, ...JSON.parse(readFileSync(join(path, "package.json"), "utf8")) }))
    .filter((manifest) => !manifest.private);
}
