// The client in a real browser, against a coordinator and a worker.
import { startCoordinator } from "@planwire/coordinator";
import { startWorker } from "@planwire/worker";
import { describe, expect, test } from "vitest";
import { findChromium, openInChromium } from "./chromium.js";
import type { Findings } from "./fixtures/page.js";
import { servePage, type PageServer } from "./page-server.js";

const FILTERS = new URL("./fixtures/filters.ts", import.meta.url);
const TOKEN = "tök?~n>";
/** 16 MB in all: more than any credit or buffer on the way. */
const STREAM = { streamChunks: 64, chunkLength: 65_536 };
/** What a page may take on a machine that is busy. */
const PAGE_MS = 120_000;
const chromium = findChromium() ?? "";

async function pageFindings(page: PageServer, url: string): Promise<Findings> {
  const findings = page.findings({ url, token: TOKEN, ...STREAM });
  await using browser = await openInChromium(chromium, page.origin);
  return await browser.until(findings, PAGE_MS);
}

function coordinatorFor(origin: string) {
  return startCoordinator({
    port: 0,
    store: "memory",
    token: TOKEN,
    allowOrigins: [origin],
    log: false,
  });
}

describe.skipIf(chromium === "")("in Chromium", () => {
  test("a page runs, fits, streams, learns of errors and cancels", async () => {
    await using page = await servePage();
    const coordinator = await coordinatorFor(page.origin);
    const { url } = coordinator;
    const worker = await startWorker({ url, token: TOKEN, filters: [FILTERS], slots: 2 });
    try {
      expect(await pageFindings(page, url)).toEqual({
        found: {
          values: {
            label: "GRÖSSER",
            bytes: ["Uint8Array", 255, 127, 0],
            tensor: ["Float32Array", 3, 1, "NaN", "-2", "1.5"],
          },
          fit: { output: [-1, 0, 1], states: { center: { mean: 2 } }, later: [8] },
          stream: {
            indexes: Array.from({ length: STREAM.streamChunks }, (_, i) => i),
            numbers: STREAM.streamChunks * STREAM.chunkLength,
          },
          failure: expect.objectContaining({
            code: "FILTER_ERROR",
            details: expect.objectContaining({ nodeId: "fails" }),
            cause: "TypeError: no use for 2 numbers",
          }),
          cancel: { status: "Cancelled", tooLate: false },
        },
      });
    } finally {
      await worker.close();
      await coordinator.close();
    }
  });

  test("a page of another origin is refused, and learns what may be the matter", async () => {
    await using page = await servePage();
    const coordinator = await coordinatorFor("http://127.0.0.1:1");
    try {
      expect(await pageFindings(page, coordinator.url)).toEqual({
        error: expect.objectContaining({
          code: "COORDINATOR_UNREACHABLE",
          message: expect.stringContaining("--allow-origin"),
        }),
      });
    } finally {
      await coordinator.close();
    }
  });
});
