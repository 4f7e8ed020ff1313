/**
 * Sends what a filter prints to stderr, where stdout is for JSON lines alone. Threads print through this process's stdout,
 * so this holds for them, too.
 */
export function printsToStderr(): void {
  const { stdout, stderr } = process;
  stdout.write = stderr.write.bind(stderr) as typeof stdout.write;
}
