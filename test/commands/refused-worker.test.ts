// A coordinator that does not take a worker: the worker says so, and why, for as long as it is tried.
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { endAll, start, type PlanwireProcess } from "./planwire-process.js";

let server: WebSocketServer;
/** What each connection gets for its Register; one without a type is the last word on it. */
let answer: object;
let tries = 0;

async function startRefused(): Promise<PlanwireProcess> {
  server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  tries = 0;
  server.on("connection", (socket) => {
    socket.once("message", () => {
      tries += 1;
      socket.send(JSON.stringify(answer));
      if (!("type" in answer)) socket.close();
    });
  });
  const { port } = server.address() as AddressInfo;
  return start(["worker", "--coordinator", `ws://127.0.0.1:${port}`, "--id", "w1", "--json"]);
}

afterEach(async () => {
  await endAll();
  server.close();
});

const refusal = (message: string) => ({
  code: "INVALID_MESSAGE",
  message,
  path: "filters[0].version",
  expected: "a version",
});
const refused = (message: string) => ({ type: "Error", ...refusal(message), retryable: false });

test("a worker whose Register is refused says why, once for each reason, and goes on trying", async () => {
  answer = refused("that is no version");
  const worker = await startRefused();
  expect(await worker.line("refused")).toEqual({
    event: "refused",
    error: refusal("that is no version"),
  });
  await worker.said(
    "INVALID_MESSAGE: that is no version; it keeps trying\n  at filters[0].version\n",
  );
  const triedBefore = tries;
  await expect.poll(() => tries, { timeout: 60_000 }).toBeGreaterThan(triedBefore + 1);
  answer = refused("nor is that");
  expect(await worker.line("refused", 2)).toMatchObject({ error: { message: "nor is that" } });
  answer = { type: "Registered", worker_id: "w1" };
  await worker.line("registered");
  expect(worker.lines()).toHaveLength(3);
});

test("a peer that answers Register by an error without a type, and hangs up, is quoted", async () => {
  answer = { error: "who are you?" };
  const worker = await startRefused();
  expect(await worker.line("refused")).toEqual({
    event: "refused",
    error: { code: "PEER_ERROR", message: "who are you?" },
  });
});
