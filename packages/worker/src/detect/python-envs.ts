import { outputOf } from "./command.js";

const TIMEOUT_MS = 3000;

/** The Pythons on the path, by version: `py311`. */
export async function detectPythonEnvs(): Promise<string[]> {
  const outputs = await Promise.all(
    ["python3", "python"].map((command) => outputOf(command, ["--version"], TIMEOUT_MS)),
  );
  return [...new Set(outputs.flatMap((output) => pythonEnvName(output ?? "") ?? []))];
}

/** `Python 3.11.4` is `py311`. */
export function pythonEnvName(version: string): string | undefined {
  const [, major, minor] = /^Python (\d+)\.(\d+)/.exec(version.trim()) ?? [];
  return major === undefined ? undefined : `py${major}${minor}`;
}
