import { encode } from "@msgpack/msgpack";
import { startCoordinator, type Coordinator } from "@planwire/coordinator";
import { closeCodeOf } from "@planwire/protocol";
import { startWorker, type Worker } from "@planwire/worker";
import { definitionOf } from "@planwire/plan";
import { connect, defineFilter, plan, type Planwire } from "planwire";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rawPeer, refusedUpgrade, type RawPeer } from "./peers/raw-peer.js";

const definitions = (...filters: unknown[]) => filters.flatMap((one) => definitionOf(one) ?? []);
const LIMIT = 1024 * 1024;
const echo = defineFilter("echo", { isolate: "inline", forward: (x: unknown) => x });

let coordinator: Coordinator;
let worker: Worker;
/** Somebody who does nothing wrong, and must not notice. */
let bystander: Planwire;

beforeAll(async () => {
  coordinator = await startCoordinator({
    port: 0,
    store: "memory",
    log: false,
    limits: { frameBytes: LIMIT },
  });
  worker = await startWorker({
    url: coordinator.url,
    id: "one",
    filters: [],
    inline: [],
    threads: 1,
  });
  await worker.offer(definitions(echo));
  bystander = await connect(coordinator.url);
});
afterAll(async () => {
  expect(await bystander.run(plan("p").pipe(echo), { still: "here" })).toEqual({ still: "here" });
  await bystander.close();
  await worker.close();
  await coordinator.close();
});

const hello = {
  type: "Hello",
  protocol_version: 1,
  implementation: "test",
  version: "0",
  features: ["batch", "typed-values", "errors"],
};
async function client(): Promise<RawPeer> {
  const peer = await rawPeer(coordinator.url);
  peer.send(hello);
  await peer.next("Welcome");
  return peer;
}
const submit = (plan: unknown, request_id = 1) => ({ type: "Submit", request_id, plan });
const capabilities = { cpu_cores: 1, ram_bytes: 1, gpus: [], python_envs: [], tags: [] };

describe("bad input gets a typed error that says what was wrong, and the connection lives", () => {
  it.each([
    ["broken JSON", "{", { code: "INVALID_MESSAGE" }],
    ["an unknown type", { type: "Teleport" }, { code: "UNKNOWN_TYPE" }],
    ["no type", { hello: 1 }, { code: "INVALID_MESSAGE" }],
    [
      "a wrong field type",
      { type: "Get", request_id: 1, plan_id: 7 },
      { code: "INVALID_MESSAGE", path: "plan_id" },
    ],
    ["a batch in a batch", [[{ type: "Ping" }]], { code: "INVALID_MESSAGE" }],
    ["bytes that are no msgpack", Uint8Array.of(0xc1), { code: "INVALID_MESSAGE" }],
    ["msgpack that is no message", encode(7), { code: "INVALID_MESSAGE" }],
    [
      "__proto__ as a key",
      Buffer.from("81a95f5f70726f746f5f5f01", "hex"),
      { code: "INVALID_MESSAGE" },
    ],
    ["a worker's message from a client", { type: "Pong" }, { code: "UNEXPECTED_MESSAGE" }],
    [
      "a field deep in a plan",
      submit({ plan_id: "p", plan: { Sequence: [{ Execute: {} }] }, metadata: {} }),
      { code: "INVALID_MESSAGE", path: "plan.plan.Sequence[0].Execute.node_id", request_id: 1 },
    ],
    [
      "an unsupported plan variant",
      submit({ plan_id: "p", plan: { Teleport: {} }, metadata: {} }),
      { code: "INVALID_MESSAGE", request_id: 1 },
    ],
    [
      "a plan that means nothing",
      submit({
        plan_id: "p",
        plan: { Sequence: [{ Execute: { node_id: "echo" } }, { Execute: { node_id: "echo" } }] },
        metadata: {},
      }),
      { code: "PLAN_REFUSED", request_id: 1 },
    ],
    [
      "a plan with an unknown filter",
      submit({
        plan_id: "p",
        plan: { Execute: { node_id: "ecko" } },
        bindings: [{ node_id: "ecko", uses: "ecko" }],
      }),
      { code: "NO_SUCH_FILTER", request_id: 1 },
    ],
    [
      "an input by reference",
      submit({
        plan_id: "p",
        plan: { Execute: { node_id: "echo" } },
        input: { source: "Reference", data_ref: { type: "Local", path: "secrets" } },
      }),
      { code: "DATA_REF_REFUSED", request_id: 1 },
    ],
    [
      "an execution that never was",
      { type: "Get", request_id: 4, plan_id: "ghost" },
      { code: "PLAN_UNKNOWN", request_id: 4 },
    ],
  ])("%s", async (_what, sent, expected) => {
    const peer = await client();
    peer.send(sent);
    const error = await peer.next("Error");
    expect(error).toMatchObject(expected);
    expect(String(error["message"]).length).toBeGreaterThan(8);
    peer.send({ type: "ListWorkers", request_id: 99 });
    expect(await peer.next("Workers")).toMatchObject({ request_id: 99 });
    peer.close();
  });

  it("a broken member of a batch, whose neighbours are heard", async () => {
    const peer = await client();
    peer.send([
      { type: "ListWorkers", request_id: 1 },
      { type: "Nope" },
      { type: "ListWorkers", request_id: 2 },
    ]);
    await peer.next("Error");
    await peer.next("Workers");
    expect(await peer.next("Workers")).toMatchObject({ request_id: 2 });
    peer.close();
  });

  it("__proto__ in a text message is data, and pollutes nothing", async () => {
    const input = JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}') as unknown;
    const out = await bystander.run(plan("p").pipe(echo), input);
    expect(JSON.stringify(out)).toBe('{"__proto__":{"polluted":true},"constructor":1}');
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it("errors are answered to nobody", async () => {
    const peer = await client();
    peer.send({ type: "Error", code: "X", message: "x", retryable: false });
    peer.send({ error: "what?" });
    peer.send({ type: "ListWorkers", request_id: 1 });
    await peer.next("Workers");
    expect(peer.received.filter(({ type }) => type === "Error")).toEqual([]);
    peer.close();
  });
});

describe("what can't go on is closed with a documented code", () => {
  it("a frame over the limit", async () => {
    const peer = await client();
    peer.send("x".repeat(LIMIT + 1));
    expect(await peer.closed).toEqual({
      code: closeCodeOf("MESSAGE_TOO_LARGE"),
      reason: "MESSAGE_TOO_LARGE",
    });
  });

  it("a second worker with a taken id", async () => {
    const peer = await rawPeer(coordinator.url);
    peer.send({
      type: "Register",
      worker_id: "one",
      capabilities,
      protocol_version: 1,
      incarnation: "other",
      features: ["errors"],
    });
    expect(await peer.next("Error")).toMatchObject({ code: "WORKER_ID_TAKEN" });
    expect((await peer.closed).code).toBe(closeCodeOf("WORKER_ID_TAKEN"));
  });
});

describe("who may not come in is told why", () => {
  it("a foreign Origin, without a token", async () => {
    const answer = await refusedUpgrade(coordinator.url, { origin: "https://evil.example" });
    expect(answer).toMatchObject({ status: 403, body: { code: "FORBIDDEN_ORIGIN" } });
  });

  it("a foreign Host, without a token", async () => {
    const answer = await refusedUpgrade(coordinator.url, { headers: { host: "evil.example" } });
    expect(answer).toMatchObject({ status: 403 });
  });

  it("a missing or wrong token, where one is set", async () => {
    const guarded = await startCoordinator({
      port: 0,
      store: "memory",
      log: false,
      token: "s3cret",
    });
    expect(await refusedUpgrade(guarded.url)).toMatchObject({
      status: 401,
      body: { code: "UNAUTHORIZED" },
    });
    const headers = { authorization: "Bearer wrong" };
    expect(await refusedUpgrade(guarded.url, { headers })).toMatchObject({ status: 401 });
    await expect(connect({ url: guarded.url, token: "wrong" })).rejects.toMatchObject({
      code: "UNAUTHORIZED",
    });
    const pw = await connect({ url: guarded.url, token: "s3cret" });
    await pw.close();
    await guarded.close();
  });
});

describe("in code", () => {
  it("a value that can't travel is refused where it stands", async () => {
    const input = { rows: [1, { when: new Date(0) }] };
    await expect(bystander.run(plan("p").pipe(echo), input)).rejects.toMatchObject({
      code: "VALUE_UNSUPPORTED",
      details: { path: "$.rows[1].when" },
    });
  });

  it("an unknown option is an error that names it", async () => {
    await expect(connect({ uri: "x" } as never)).rejects.toMatchObject({
      code: "BAD_USAGE",
      message: expect.stringContaining("uri") as unknown,
    });
  });

  it("the same plan_id with other content is a conflict", async () => {
    const first = await bystander.submit(plan("p").pipe(echo), 1, { id: "same" });
    expect(await first.result()).toBe(1);
    const again = await bystander.submit(plan("p").pipe(echo), 1, { id: "same" });
    expect(await again.result()).toBe(1);
    await expect(bystander.submit(plan("p").pipe(echo), 2, { id: "same" })).rejects.toMatchObject({
      code: "PLAN_ID_CONFLICT",
    });
  });
});
