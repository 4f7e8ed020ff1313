/** Frames that are shown: where it happened is near the top. */
const SHOWN = 6;

/** The lines of a stack that say where something happened, those in the user's own files if there are any. */
export function stackFrames(stack: string | undefined): string[] {
  const frames = (stack ?? "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.startsWith("at ") && !line.includes("node:internal"));
  const own = frames.filter((line) => !line.includes("node_modules"));
  return (own.length > 0 ? own : frames).slice(0, SHOWN);
}
