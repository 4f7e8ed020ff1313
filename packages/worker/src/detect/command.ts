import { execFile } from "node:child_process";

/** What a command prints on stdout and stderr; undefined where it is missing, fails, or takes too long. */
export function outputOf(
  file: string,
  args: readonly string[],
  timeoutMs: number,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(file, args, { timeout: timeoutMs, windowsHide: true }, (error, stdout, stderr) =>
      resolve(error ? undefined : stdout + stderr),
    );
  });
}
