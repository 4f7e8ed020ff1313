import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { encodeFrame, LIMITS, type Feature, type Message } from "@planwire/protocol";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { DEFAULT_SETTINGS } from "./core/settings.js";
import { connectionOf, type PeerSocketListener } from "./peer-socket.js";
import { PeerWebSocket } from "./peer-web-socket.js";

const FRAME_BYTES = 16 * 1024 * 1024;
const BOUNDS = { ...DEFAULT_SETTINGS, maxBulkBytes: 32 * 1024 * 1024 };

let server: WebSocketServer;
beforeEach(async () => {
  server = new WebSocketServer({
    port: 0,
    host: "127.0.0.1",
    maxPayload: FRAME_BYTES,
    perMessageDeflate: false,
    WebSocket: PeerWebSocket,
  });
  await once(server, "listening");
});
afterEach(() => {
  for (const socket of server.clients) socket.terminate();
  server.close();
});

class Notes implements PeerSocketListener {
  readonly frames: (string | Buffer)[] = [];
  readonly told: string[] = [];
  received(data: Buffer, isBinary: boolean): void {
    this.frames.push(isBinary ? data : data.toString());
  }
  heard(): void {
    this.told.push("heard");
  }
  blocked(): void {
    this.told.push("blocked");
  }
  drained(): void {
    this.told.push("drained");
  }
  tooSlow(): void {
    this.told.push("tooSlow");
  }
  failed(error: Error): void {
    this.told.push(`failed ${(error as NodeJS.ErrnoException).code}`);
  }
  closed(code: number, reason: string): void {
    this.told.push(`closed ${code} ${reason}`);
  }
}

/** Both ends of one connection: ours, and what the peer hears. */
async function connected(frameBytes = FRAME_BYTES) {
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, "connection") as Promise<[WebSocket]>;
  const peer = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
  const heard: string[] = [];
  peer.on("message", (data: Buffer, isBinary) => {
    heard.push(isBinary ? `<${data.length}>` : data.toString());
  });
  const closed = new Promise<string>((resolve) => {
    peer.once("close", (code, reason) => resolve(`${code} ${reason.toString()}`));
  });
  peer.on("error", () => {}); // what matters of it is in `closed`
  const [[socket]] = await Promise.all([accepted, once(peer, "open")]);
  const notes = new Notes();
  const ours = connectionOf(socket, { ...BOUNDS, frameBytes }, notes);
  return { ours, socket, notes, peer, heard, closed };
}

const pong: Message = { type: "Pong" };
const ack = (plan_id: string): Message => ({ type: "CancelPlan", plan_id });
const features = (...some: Feature[]) => some;
/** `length` characters, and some. */
const long = (length: number): Message => ({
  type: "Shutdown",
  reason: "x".repeat(length),
});

describe("a connection", () => {
  test("sends what one tick pushed as a batch, to who announced batches from then on", async () => {
    const { ours, heard } = await connected();
    ours.send(ack("a"));
    ours.send(ack("b"));
    ours.useFeatures(features("batch"));
    ours.send(ack("c"));
    ours.send(ack("d"));
    await vi.waitUntil(() => heard.length === 3);
    expect(heard.map((text) => JSON.parse(text) as unknown)).toEqual([
      ack("a"),
      ack("b"),
      [ack("c"), ack("d")],
    ]);
  });

  test("hands over frames, and says when the peer gave a sign of life", async () => {
    const { notes, peer, ours } = await connected();
    peer.send("[]");
    peer.send(Buffer.of(1, 2));
    peer.ping();
    ours.probe();
    await vi.waitUntil(() => notes.told.length === 2);
    expect(notes.frames).toEqual(["[]", Buffer.of(1, 2)]);
    expect(notes.told).toEqual(["heard", "heard"]);
  });

  test("control goes before bulk, and bulk keeps its order", async () => {
    const { ours, heard } = await connected();
    ours.forward(new Uint8Array(7));
    ours.forward(new Uint8Array(9));
    ours.sendBulk({ type: "StreamEnd", stream_id: "s" });
    ours.send(pong);
    await vi.waitUntil(() => heard.length === 4);
    const end = encodeFrame({ type: "StreamEnd", stream_id: "s" }, new Set());
    expect(heard).toEqual(['{"type":"Pong"}', "<7>", "<9>", `<${end.length}>`]);
  });

  test("closes when all has gone out, also when the last of it went by itself after the close", async () => {
    const { ours, socket, closed } = await connected();
    const sent: (() => void)[] = [];
    let buffered = 0;
    Object.defineProperty(socket, "bufferedAmount", { get: () => buffered });
    Object.assign(socket, {
      send(frame: Uint8Array, tell: () => void) {
        buffered += frame.length;
        sent.push(tell);
      },
    });
    ours.forward(new Uint8Array(LIMITS.bulkWindowBytes));
    ours.forward(new Uint8Array(LIMITS.bulkWindowBytes));
    ours.close("SHUTTING_DOWN");
    expect(sent).toHaveLength(1);
    buffered = 0; // the network took it; that this is told comes later
    await new Promise((resolve) => setImmediate(resolve));
    expect(sent).toHaveLength(2);
    for (const tell of sent) tell();
    expect(await closed).toBe("4503 SHUTTING_DOWN");
  });

  test("bulk waits for the peer, and control does not wait for bulk", async () => {
    const { ours, peer, heard } = await connected();
    const [size, count] = [LIMITS.bulkWindowBytes, 100];
    peer.pause();
    for (let i = 0; i < count; i++) ours.forward(new Uint8Array(size));
    await new Promise((resolve) => setImmediate(resolve));
    ours.send(pong);
    peer.resume();
    await vi.waitUntil(() => heard.length === count + 1);
    expect(heard.indexOf('{"type":"Pong"}')).toBeLessThan(count);
  });

  test("a message over the limit is refused, and nothing of it is sent", async () => {
    const { ours, heard } = await connected(2_048);
    for (const push of [
      () => ours.send(long(2_048)),
      // Two bytes a character.
      () => ours.send({ type: "Shutdown", reason: "ü".repeat(1_024) }),
      () => ours.sendBulk({ type: "StreamEnd", stream_id: "s".repeat(2_048) }),
    ]) {
      expect(push).toThrowError(expect.objectContaining({ code: "MESSAGE_TOO_LARGE" }));
    }
    ours.send(long(2_000));
    await vi.waitUntil(() => heard.length === 1);
    expect(heard).toEqual([JSON.stringify(long(2_000))]);
  });

  test("a batch keeps to the limit of a frame too", async () => {
    const { ours, heard } = await connected(2_048);
    ours.useFeatures(features("batch"));
    for (let i = 0; i < 20; i++) ours.send(long(300));
    await vi.waitUntil(() => heard.join().split("Shutdown").length === 21);
    expect(heard.length).toBeGreaterThan(1);
    expect(heard.length).toBeLessThan(20);
    expect(Math.max(...heard.map(({ length }) => length))).toBeLessThanOrEqual(2_048);
  });
});

describe("closing a connection", () => {
  test("first sends what was queued, bulk too, then closes by the code's number and name", async () => {
    const { ours, heard, closed } = await connected();
    const size = 200 * 1024;
    for (let i = 0; i < 5; i++) ours.forward(new Uint8Array(size));
    ours.send(pong);
    ours.close("SESSION_REPLACED");
    ours.send(ack("too late"));
    ours.forward(new Uint8Array(7));
    expect(await closed).toBe("4410 SESSION_REPLACED");
    expect(heard).toEqual(['{"type":"Pong"}', ...Array<string>(5).fill(`<${size}>`)]);
  });

  test("a code without a number of its own closes with 1011", async () => {
    const { ours, closed } = await connected();
    ours.close("INTERNAL");
    expect(await closed).toBe("1011 INTERNAL");
  });

  test("nothing that comes meanwhile is handed over", async () => {
    const { ours, notes, peer, closed } = await connected();
    peer.send("before");
    await vi.waitUntil(() => notes.frames.length === 1);
    ours.close("SHUTTING_DOWN");
    peer.send("after");
    await closed;
    await vi.waitUntil(() => notes.told.includes("closed 4503 SHUTTING_DOWN"));
    expect(notes.frames).toEqual(["before"]);
  });

  test("a peer that does not answer the close is cut off", async () => {
    const { ours, notes, peer } = await connected();
    peer.pause();
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    try {
      ours.close("SESSION_EXPIRED");
      vi.advanceTimersByTime(5_000);
    } finally {
      vi.useRealTimers();
    }
    await vi.waitUntil(() => notes.told.includes("closed 1006 "));
    peer.terminate();
  });

  test("a frame over the limit closes with our code, not with WebSocket's", async () => {
    const { notes, peer, closed } = await connected();
    peer.send(Buffer.alloc(FRAME_BYTES + 1));
    expect(await closed).toBe("4004 MESSAGE_TOO_LARGE");
    await vi.waitUntil(() => notes.told.length === 2);
    expect(notes.told[0]).toBe("failed WS_ERR_UNSUPPORTED_MESSAGE_LENGTH");
    expect(notes.frames).toEqual([]);
  });

  test("a peer that closes because of ours is answered by its own code", async () => {
    const { notes, peer, closed } = await connected();
    peer.close(1009, "too big for me");
    expect(await closed).toBe("1009 too big for me");
    await vi.waitUntil(() => notes.told.length === 1);
    expect(notes.told).toEqual(["closed 1009 too big for me"]);
  });

  test("a peer that reads slowly is told of once, and again when it has caught up, if that is wanted", async () => {
    const { ours, notes, peer } = await connected();
    peer.pause();
    for (let i = 0; i < 6; i++) {
      ours.send(long(4 * 1024 * 1024));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(notes.told).toEqual(["blocked"]);
    ours.awaitDrain();
    await new Promise((resolve) => setImmediate(resolve));
    expect(notes.told).toEqual(["blocked"]);
    peer.resume();
    await vi.waitUntil(() => notes.told.length > 1, { timeout: 10_000 });
    expect(notes.told).toEqual(["blocked", "drained"]);
  });

  test("who has nothing to read is told of at once", async () => {
    const { ours, notes } = await connected();
    ours.awaitDrain();
    await vi.waitUntil(() => notes.told.includes("drained"));
  });

  test("a peer that grants more chunks than it reads is closed before they fill our memory", async () => {
    const { ours, notes, peer, closed } = await connected();
    peer.pause();
    let pushed = 0;
    for (; !notes.told.includes("tooSlow") && pushed < 60; pushed++) {
      ours.forward(new Uint8Array(1024 * 1024));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(pushed).toBeGreaterThan(32);
    expect(pushed).toBeLessThan(60);
    peer.resume();
    expect(await closed).toBe("4408 SESSION_EXPIRED");
  });

  test("a peer that does not read is closed before it fills our memory", async () => {
    const { ours, notes, peer, closed } = await connected();
    peer.pause();
    const message = long(8 * 1024 * 1024);
    let pushed = 0;
    while (!notes.told.includes("tooSlow") && pushed < 40) {
      ours.send(message);
      pushed += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    // 64 MiB, what the system's own buffers took, and the frame that came when it was too much.
    expect(pushed).toBeGreaterThanOrEqual(9);
    expect(pushed).toBeLessThan(20);
    peer.resume();
    expect(await closed).toBe("4408 SESSION_EXPIRED");
    await vi.waitUntil(() => notes.told.includes("closed 4408 SESSION_EXPIRED"));
  });
});
