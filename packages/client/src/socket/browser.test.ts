import { SUBPROTOCOL } from "@planwire/protocol";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { startRaw } from "../testing/connected.js";
import { bearerProtocols, openSocket } from "./browser.js";
import type { SocketListener } from "./socket.js";

// ws has the browser's own interface too: Node 20 has no WebSocket of its own.
beforeEach(() => vi.stubGlobal("WebSocket", WebSocket));
afterEach(() => vi.unstubAllGlobals());

/** Notes what a socket tells, as lines. */
function listening(): SocketListener & { told: unknown[] } {
  const told: unknown[] = [];
  return {
    told,
    opened: () => told.push("opened"),
    received: (frame) => told.push(frame),
    drained: () => told.push("drained"),
    closed: (loss) => told.push(loss),
  };
}

test("a token travels as a subprotocol, in base64url", () => {
  expect(bearerProtocols(undefined)).toEqual([]);
  expect(bearerProtocols("tök?~n>")).toEqual(["planwire.bearer.dMO2az9-bj4"]);
});

test("text and bytes go both ways, and the end is told once", async () => {
  const coordinator = await startRaw();
  const listener = listening();
  const target = { url: coordinator.url, token: "secret", frameBytes: 1_000 };
  const socket = openSocket(target, listener);
  const connection = await coordinator.connection();
  expect(connection.subprotocol).toBe(SUBPROTOCOL);
  expect(connection.headers["sec-websocket-protocol"]).toBe("planwire.v1,planwire.bearer.c2VjcmV0");
  await vi.waitUntil(() => listener.told.includes("opened"));
  socket.send('{"type":"ListWorkers","request_id":1}');
  expect(await connection.take("ListWorkers")).toMatchObject({ request_id: 1 });
  await vi.waitUntil(() => listener.told.includes("drained"));
  connection.sendRaw("text");
  connection.send({ type: "StreamEnd", stream_id: "s" });
  await vi.waitUntil(() => listener.told.some((frame) => frame instanceof Uint8Array));
  expect(listener.told).toContain("text");
  connection.close(4401, "UNAUTHORIZED");
  await vi.waitUntil(
    () => listener.told.at(-1) instanceof Object && "closeCode" in Object(listener.told.at(-1)),
  );
  expect(listener.told.at(-1)).toEqual({ closeCode: 4401, reason: "UNAUTHORIZED" });
});

test("a connection that never was tells what may be the matter, as no browser does", async () => {
  const listener = listening();
  class RefusedWebSocket {
    onclose = (_event: { code: number; reason: string }): void => {};
    constructor() {
      queueMicrotask(() => this.onclose({ code: 1006, reason: "" }));
    }
  }
  vi.stubGlobal("WebSocket", RefusedWebSocket);
  const target = { url: "ws://127.0.0.1", token: undefined, frameBytes: 1_000 };
  openSocket(target, listener);
  await vi.waitUntil(() => listener.told.length > 0);
  const detail: unknown = expect.stringContaining("--allow-origin");
  expect(listener.told).toEqual([{ closeCode: 1006, reason: "", detail }]);
});

test("close() is told soon, also when the other side is silent", async () => {
  const listener = listening();
  class SilentWebSocket {
    close(): void {}
  }
  vi.stubGlobal("WebSocket", SilentWebSocket);
  vi.useFakeTimers();
  const target = { url: "ws://127.0.0.1", token: undefined, frameBytes: 1_000 };
  openSocket(target, listener).close();
  vi.advanceTimersByTime(1_000);
  vi.useRealTimers();
  expect(listener.told).toMatchObject([{ closeCode: 1006, reason: "" }]);
});
