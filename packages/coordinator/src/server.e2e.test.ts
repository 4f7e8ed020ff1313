import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { request, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startCoordinator, type Coordinator, type CoordinatorOptions } from "@planwire/coordinator";
import { pino } from "pino";
import { afterEach, describe, expect, test, vi } from "vitest";
import { WebSocket, type ClientOptions } from "ws";

const register = {
  type: "Register",
  worker_id: "w",
  capabilities: { cpu_cores: 2, ram_bytes: 1, gpus: [], python_envs: [], tags: ["a"] },
};

const started: Coordinator[] = [];
const sockets: WebSocket[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  await Promise.all(started.splice(0).map((coordinator) => coordinator.close()));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function start(options: CoordinatorOptions = {}): Promise<Coordinator> {
  const coordinator = await startCoordinator({ port: 0, log: false, ...options });
  started.push(coordinator);
  return coordinator;
}

function dial(url: string, protocols: string[] = [], options: ClientOptions = {}): WebSocket {
  const socket = new WebSocket(url, protocols, options);
  sockets.push(socket);
  socket.on("error", () => {}); // what matters of it is in the close, or in the refusal
  return socket;
}

/** What a client hears, message by message. */
async function client(url: string, features: string[] = ["errors"]) {
  const socket = dial(url);
  const heard: Record<string, unknown>[] = [];
  socket.on("message", (data: Buffer) => {
    const parsed = JSON.parse(data.toString()) as Record<string, unknown>;
    heard.push(...[parsed].flat());
  });
  const closed = closing(socket);
  await once(socket, "open");
  const say = (message: unknown) =>
    socket.send(typeof message === "string" ? message : JSON.stringify(message));
  const hello = { type: "Hello", protocol_version: 1, implementation: "test", version: "0" };
  say({ ...hello, features });
  await vi.waitUntil(() => heard.length === 1);
  expect(heard.shift()).toMatchObject({ type: "Welcome" });
  return { socket, heard, say, closed };
}

function closing(socket: WebSocket): Promise<string> {
  return new Promise((resolve) => {
    socket.once("close", (code, reason) => resolve(`${code} ${reason.toString()}`));
  });
}

async function refusedUpgrade(url: string, options: ClientOptions = {}) {
  const socket = dial(url, [], options);
  const [, response] = (await once(socket, "unexpected-response")) as [unknown, IncomingMessage];
  return { status: response.statusCode, body: await jsonOf(response) };
}

/** fetch would not let a Host or an Origin be set. */
async function get(coordinator: Coordinator, path: string, headers = {}, method = "GET") {
  const url = `${coordinator.url.replace("ws:", "http:")}${path}`;
  const asked = request(url, { headers, method }).end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  return { status: response.statusCode, body: await jsonOf(response) };
}

async function jsonOf(response: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const part of response.setEncoding("utf8")) text += String(part);
  return JSON.parse(text);
}

describe("one port", () => {
  test("is told by the handle, and answers pages and sockets, at / and /ws", async () => {
    const coordinator = await start();
    expect(coordinator.url).toBe(`ws://127.0.0.1:${coordinator.port}`);
    expect(await get(coordinator, "/ready")).toEqual({ status: 200, body: { ready: true } });
    const { historyId } = coordinator;
    expect(await get(coordinator, "/summary")).toMatchObject({ body: { history_id: historyId } });
    for (const path of ["", "/", "/ws", "/ws?a=1"]) {
      await once(dial(coordinator.url + path), "open");
    }
    expect(await refusedUpgrade(`${coordinator.url}/other`)).toMatchObject({ status: 404 });
  });

  test("/workers shows who is registered", async () => {
    const coordinator = await start();
    const socket = dial(coordinator.url);
    await once(socket, "open");
    socket.send(JSON.stringify(register));
    await once(socket, "message");
    const worker = { worker_id: "w", cpu_cores: 2, tags: ["a"], inherited: true };
    expect(await get(coordinator, "/workers")).toMatchObject({ body: { workers: [worker] } });
  });

  test("an IPv6 host stands in brackets in the url", async () => {
    const coordinator = await start({ host: "::1" });
    expect(coordinator.url).toBe(`ws://[::1]:${coordinator.port}`);
    await once(dial(coordinator.url), "open");
  });

  test("a port that is taken is PORT_IN_USE, with one that is free", async () => {
    const { port } = await start();
    const refused = startCoordinator({ port, log: false });
    await expect(refused).rejects.toMatchObject({
      code: "PORT_IN_USE",
      message: expect.stringContaining(String(port)),
    });
    const { hint } = (await refused.catch((error: unknown) => error)) as { hint: string };
    const free = Number(/--port (\d+)/.exec(hint)?.[1]);
    expect(free).toBeGreaterThan(port);
    expect((await start({ port: free })).port).toBe(free);
  });

  test("a refused start leaves its store to the next one", async () => {
    const store = `sqlite:${join(temporaryFolder(), "plans.db")}`;
    const { port } = await start();
    await expect(startCoordinator({ port, store, log: false })).rejects.toThrow("in use");
    await start({ store });
  });

  test("an address that is not this machine's is BAD_USAGE", async () => {
    const refused = startCoordinator({ host: "192.0.2.1", token: "t", port: 0, log: false });
    await expect(refused).rejects.toMatchObject({ code: "BAD_USAGE" });
  });
});

describe("who may come in", () => {
  test("a foreign Origin or Host is refused alike by sockets and pages, and told why", async () => {
    const coordinator = await start({ allowOrigins: ["https://ok.example"] });
    const evil = { origin: "https://evil.example" };
    const code = "FORBIDDEN_ORIGIN";
    expect(await refusedUpgrade(coordinator.url, { headers: evil })).toMatchObject({
      status: 403,
      body: { code, hint: expect.stringContaining("--allow-origin") },
    });
    expect(await get(coordinator, "/workers", evil)).toMatchObject({ status: 403, body: { code } });
    const host = { host: "evil.example" };
    expect(await refusedUpgrade(coordinator.url, { headers: host })).toMatchObject({
      status: 403,
      body: { code: "FORBIDDEN" },
    });
    expect(await get(coordinator, "/summary", host)).toMatchObject({ status: 403 });
    const listed = { origin: "https://ok.example" };
    await once(dial(coordinator.url, [], { headers: listed }), "open");
    expect(await get(coordinator, "/workers", listed)).toMatchObject({ status: 200 });
  });

  test("/health answers everybody", async () => {
    const coordinator = await start({ token: "s3cret" });
    const strange = { origin: "https://evil.example", host: "evil.example" };
    expect(await get(coordinator, "/health", strange)).toMatchObject({ status: 200 });
    expect(await get(coordinator, "/ready")).toMatchObject({ status: 401 });
  });

  test("a token opens by header, by subprotocol, which is not echoed, and by URL, which is warned of once", async () => {
    const lines: { level: number; msg: string }[] = [];
    const write = (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[0]);
    const log = pino({ level: "warn" }, { write });
    const coordinator = await start({ token: "s3cret", log });
    expect(await refusedUpgrade(coordinator.url)).toMatchObject({
      status: 401,
      body: { code: "UNAUTHORIZED" },
    });
    const headers = { authorization: "Bearer s3cret" };
    const byHeader = dial(coordinator.url, ["planwire.v1"], { headers });
    await once(byHeader, "open");
    expect(byHeader.protocol).toBe("planwire.v1");
    const bearer = `planwire.bearer.${Buffer.from("s3cret").toString("base64url")}`;
    const bySubprotocol = dial(coordinator.url, ["planwire.v1", bearer]);
    await once(bySubprotocol, "open");
    expect(bySubprotocol.protocol).toBe("planwire.v1");
    expect(lines).toEqual([]);
    await once(dial(`${coordinator.url}/ws?token=s3cret`), "open");
    expect(await get(coordinator, "/workers?token=s3cret")).toMatchObject({ status: 200 });
    expect(lines).toHaveLength(1);
    expect(JSON.stringify(lines)).not.toContain("s3cret");
  });
});

describe("what peers send", () => {
  test("broken JSON is answered, and the connection lives; so do the neighbours in a batch", async () => {
    const { say, heard } = await client((await start()).url);
    say("{");
    say([
      { type: "ListWorkers", request_id: 1 },
      { type: "Hm" },
      { type: "ListWorkers", request_id: 2 },
    ]);
    await vi.waitUntil(() => heard.length === 4);
    expect(heard).toMatchObject([
      { type: "Error", code: "INVALID_MESSAGE" },
      { type: "Workers", request_id: 1 },
      { type: "Error", code: "UNKNOWN_TYPE" },
      { type: "Workers", request_id: 2 },
    ]);
  });

  test("a frame over the limit closes with 4004, in text and in bytes; others don't notice", async () => {
    const { url } = await start({ limits: { frameBytes: 4_096 } });
    const bystander = await client(url);
    for (const frame of ["x".repeat(4_097), Buffer.alloc(4_097)]) {
      const { socket, closed } = await client(url);
      socket.send(frame);
      expect(await closed).toBe("4004 MESSAGE_TOO_LARGE");
    }
    bystander.say({ type: "ListWorkers", request_id: 1 });
    await vi.waitUntil(() => bystander.heard.length === 1);
  });

  test("one that asks and never reads is closed, with a line in the log", async () => {
    const lines: string[] = [];
    const log = pino({ level: "warn" }, { write: (line: string) => void lines.push(line) });
    const { url } = await start({ log });
    const { socket, say, closed } = await client(url);
    socket.pause();
    // Each is answered by an error that repeats the id.
    const plan_id = "x".repeat(512);
    const asked = Array.from({ length: 4_000 }, (_, request_id) => ({
      type: "Get",
      request_id,
      plan_id,
    }));
    const frame = JSON.stringify(asked);
    for (let i = 0; i < 100 && lines.length === 0; i++) {
      say(frame);
      await vi.waitUntil(() => socket.bufferedAmount === 0 || lines.length > 0, {
        timeout: 20_000,
      });
    }
    await vi.waitUntil(() => lines.length > 0, { timeout: 20_000 });
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ msg: expect.stringContaining("slowly") });
    socket.resume();
    expect(await closed).toMatch(/^(4408 SESSION_EXPIRED|1006 )$/);
  });
});

describe("closing a coordinator", () => {
  test("tells all peers that it goes away, and frees the port", async () => {
    const coordinator = await start();
    const peers = [await client(coordinator.url), await client(coordinator.url)];
    await coordinator.close("test");
    for (const { closed } of peers) expect(await closed).toBe("4503 SHUTTING_DOWN");
    await start({ port: coordinator.port });
  });

  test("does not wait for ever for a peer that is stuck, nor for an idle page", async () => {
    const coordinator = await start();
    const { socket } = await client(coordinator.url);
    socket.pause();
    await get(coordinator, "/ready", { connection: "keep-alive" });
    await coordinator.close();
    await coordinator.close();
  });

  test("a file keeps its history over a restart; memory has another", async () => {
    const store = `sqlite:${join(temporaryFolder(), "plans.db")}`;
    const first = await start({ store });
    await first.close();
    expect((await start({ store })).historyId).toBe(first.historyId);
    expect((await start()).historyId).not.toBe((await start()).historyId);
  });
});

describe("an idle coordinator that is not to hold its process", () => {
  test.each(["memory", "sqlite"])("lets it end, with a worker connected: %s", async (kind) => {
    const store = kind === "memory" ? kind : `sqlite:${join(temporaryFolder(), "plans.db")}`;
    const { code, output } = await runProgram(`
      const coordinator = await startCoordinator({ port: 0, store: ${JSON.stringify(store)} });
      const worker = new WebSocket(coordinator.url);
      worker.once("upgrade", ({ socket }) => socket.unref());
      await new Promise((resolve) => worker.once("open", resolve));
      worker.send(JSON.stringify(${JSON.stringify(register)}));
      await new Promise((resolve) => worker.once("message", resolve));
      const page = await fetch(coordinator.url.replace("ws:", "http:") + "/workers");
      console.log((await page.json()).workers.length);
      coordinator.unref();
      console.log("idle");
    `);
    expect({ code, output }).toEqual({ code: 0, output: "1\nidle\n" });
  });

  test("holds it as long as it is told to", async () => {
    const { code, output } = await runProgram(`
      const coordinator = await startCoordinator({ port: 0 });
      coordinator.unref();
      coordinator.ref();
      setTimeout(() => {
        console.log("still here");
        coordinator.unref();
      }, 100).unref();
    `);
    expect({ code, output }).toEqual({ code: 0, output: "still here\n" });
  });
});

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "planwire-server-"));
  folders.push(folder);
  return folder;
}

async function runProgram(body: string): Promise<{ code: number | null; output: string }> {
  const library = JSON.stringify(import.meta.resolve("@planwire/coordinator"));
  const ws = JSON.stringify(import.meta.resolve("ws"));
  const source = `import { startCoordinator } from ${library}; import { WebSocket } from ${ws};\n${body}`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", source], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output };
}
