import { watch } from "node:fs";
import { dirname } from "node:path";

/** Editors write a file in several steps; this long after the last one counts as saved, in milliseconds. */
const SETTLED_MS = 150;
const SOURCE = /\.[cm]?[jt]sx?$/;

/** Calls `onChange` after a source file beside any of these was saved: what they import is mostly there. */
export function watchSources(files: readonly string[], onChange: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const watchers = [...new Set(files.map((file) => dirname(file)))].map((folder) =>
    watch(folder, (_, name) => {
      if (name === null || !SOURCE.test(name)) return;
      clearTimeout(timer);
      timer = setTimeout(onChange, SETTLED_MS);
    }),
  );
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}
