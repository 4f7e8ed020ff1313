// A headless Chromium of its own for each test, with a fresh profile; both are gone afterwards.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--enable-logging=stderr",
  // It ends by itself when the pipe breaks: also when this process is killed.
  "--remote-debugging-pipe",
];
const STDERR_KEPT = 4_000;

/** $CHROMIUM, or the first that is found on the PATH. */
export function findChromium(): string | undefined {
  const { CHROMIUM, PATH = "" } = process.env;
  if (CHROMIUM) return CHROMIUM;
  const folders = ["/usr/bin", ...PATH.split(delimiter)];
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync);
}

export interface Chromium extends AsyncDisposable {
  /** Waits for what a page does; rejects with Chromium's last words when it ends, or when `ms` have passed. */
  until<T>(done: Promise<T>, ms: number): Promise<T>;
}

export async function openInChromium(path: string, url: string): Promise<Chromium> {
  const profile = await mkdtemp(join(tmpdir(), "planwire-chromium-"));
  // A group of its own, so that all its processes can be ended at once.
  const child = spawn(path, [...FLAGS, `--user-data-dir=${profile}`, url], {
    detached: true,
    stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
  });
  let said = "";
  child.stderr?.on("data", (data: Buffer) => (said = (said + data).slice(-STDERR_KEPT)));
  for (const pipe of child.stdio) pipe?.on("error", () => undefined); // broken by its end, which is noted
  // Its processes share stderr: "close" comes when the last of them is gone.
  const closed = once(child, "close");
  const gone = closed.then(
    () => "Chromium ended",
    (error: unknown) => `Chromium did not start: ${String(error)}`,
  );

  return {
    async until(done, ms) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<string>((resolve) => {
        timer = setTimeout(resolve, ms, `the page was not done in ${ms} ms`);
      });
      const fault = Promise.race([gone, late]).then((what) => {
        throw new Error(`${what}. It said:\n${said}`);
      });
      try {
        return await Promise.race([done, fault]);
      } finally {
        clearTimeout(timer);
      }
    },
    async [Symbol.asyncDispose]() {
      if (child.pid !== undefined) killGroup(child.pid);
      await gone;
      await rm(profile, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // None of them is left.
  }
}
