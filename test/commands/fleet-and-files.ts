import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll } from "vitest";
import { endAll, startFleet, type Fleet } from "./planwire-process.js";

export interface FleetAndFiles {
  readonly fleet: Fleet;
  /** Leads commands to that fleet, from when it runs. */
  readonly env: { readonly PLANWIRE_URL: string };
  /** Writes a file, text as it is and all else as JSON, and gives its path. */
  readonly file: (name: string, content: unknown) => string;
}

/** For all tests of a file one fleet, and a folder for their files. What a test started beside it ends with the test. */
export function useFleetAndFiles(): FleetAndFiles {
  let fleet: Fleet | undefined;
  const folder = mkdtempSync(join(tmpdir(), "planwire-commands-"));
  const running = () => {
    if (fleet === undefined) throw new Error("the fleet starts with the first test");
    return fleet;
  };
  beforeAll(async () => {
    fleet = await startFleet();
  });
  afterEach(() => endAll(running().processes));
  afterAll(async () => {
    await endAll();
    rmSync(folder, { recursive: true });
  });
  return {
    get fleet() {
      return running();
    },
    env: {
      get PLANWIRE_URL() {
        return running().url;
      },
    },
    file: (name, content) => {
      const path = join(folder, name);
      writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
      return path;
    },
  };
}
