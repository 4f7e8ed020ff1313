// The soak, so short that it says nothing of memory: that it runs, and that nothing is lost while workers come and go.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const SOAK = new URL("../../bench/soak/run.mjs", import.meta.url);

test("a short soak loses no plan, and prints what each process holds", async () => {
  const args = [fileURLToPath(SOAK), "--minutes", "0.3", "--every", "5"];
  const soak = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "ignore"] });
  const ended = once(soak, "exit");
  const printed = await text(soak.stdout);
  expect(printed).toMatch(
    /^\d+ s \| coordinator rss .* heap .* \| worker rss .* \| file .* \| plans/m,
  );
  expect(printed).toContain(" 0 lost\nsoak passed");
  expect(await ended).toEqual([0, null]);
}, 180_000);
