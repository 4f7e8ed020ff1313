import { startCoordinator, type Coordinator } from "@planwire/coordinator";
import { nodeIdsOf } from "@planwire/plan";
import type { ExecutionPlan } from "@planwire/protocol";
import { connect, type Planwire } from "planwire";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { dialIn, type InheritedOptions, type InheritedWorker } from "./peers/inherited-worker.js";

let coordinator: Coordinator;
let pw: Planwire;
const peers: InheritedWorker[] = [];

beforeEach(async () => {
  coordinator = await startCoordinator({ port: 0, store: "memory", log: false });
  pw = await connect(coordinator.url);
});
afterEach(async () => {
  for (const peer of peers.splice(0)) {
    peer.close();
    expect(peer.notUnderstood).toEqual([]);
  }
  await pw.close();
  await coordinator.close();
});

const nodes = {
  inc: (xs: number[]) => xs.map((x) => x + 1),
  double: (xs: number[]) => xs.map((x) => x * 2),
  total: (xs: number[]) => xs.reduce((a, x) => a + x, 0),
  big: (xs: number[]) => (xs.length > 2 ? "many" : "few"),
  echo: (x: unknown) => x,
  uses: (x: unknown, state: unknown) => ({ x, state }),
};

async function oldPeer(options: InheritedOptions = {}): Promise<InheritedWorker> {
  const peer = await dialIn(coordinator.url, { nodes, ...options });
  peers.push(peer);
  await peer.next("Registered");
  return peer;
}

const execute = (node_id: string) => ({ Execute: { node_id } });
const pickled = (node_id: string, more: object = {}) => ({
  node_id,
  pickled_filter: "gASVBQ==",
  ...more,
});
const json = (data: unknown) => ({ source: "Inline", value: { type: "Json", data } });
async function run(plan: unknown, input: unknown, more: object = {}): Promise<unknown> {
  const filters = nodeIdsOf(plan as ExecutionPlan).map((node) => pickled(node));
  const submitted = await pw.submit({ plan, input: json(input), filters, ...more });
  return submitted.result();
}
const assigned = (peer: InheritedWorker) =>
  peer.received.flatMap((message) =>
    message.type === "AssignPlan" ? [(message["plan"] as { plan: unknown }).plan] : [],
  );

describe("a worker that knows nothing but the inherited wire", () => {
  it("is told nothing but its id when it registers", async () => {
    const peer = await oldPeer({ id: "gpu-7" });
    expect(peer.received[0]).toEqual({ type: "Registered", worker_id: "gpu-7" });
  });

  it("gets a flat forward plan whole, and its result is taken", async () => {
    const peer = await oldPeer();
    const plan = { Sequence: [execute("inc"), execute("double")] };
    expect(await run(plan, [1, 2])).toEqual([4, 6]);
    expect(assigned(peer)).toEqual([plan]);
  });

  it("gets anything else node by node, so that a plan means the same as at our own workers", async () => {
    const peer = await oldPeer();
    const plan = {
      Sequence: [
        execute("inc"),
        {
          Branch: {
            node_id: "big",
            arms: [
              ["many", execute("double")],
              ["few", "Empty"],
            ],
          },
        },
        { Parallel: [execute("total"), execute("echo")] },
      ],
    };
    expect(await run(plan, [1, 2, 3])).toEqual({ total: 18, echo: [4, 6, 8] });
    expect(assigned(peer)).toEqual(
      ["inc", "big", "double", "total", "echo"].map((node) => execute(node)),
    );
  });

  it("gets every filter with a state, Empty where it has none, so that no earlier fit leaks in", async () => {
    const peer = await oldPeer();
    await run(execute("uses"), 1);
    const { plan } = (await peer.next("AssignPlan")) as unknown as { plan: { filters: unknown[] } };
    expect(plan.filters).toEqual([
      expect.objectContaining({ node_id: "uses", state: { type: "Empty" } }),
    ]);
  });

  it("fits each trainable node and then forwards it with the state that came back", async () => {
    await oldPeer();
    const submitted = await pw.submit({
      plan: { Sequence: [execute("inc"), execute("uses")] },
      input: json([1]),
      filters: [pickled("inc"), pickled("uses", { trainable: true })],
      mode: { Fit: { y: { type: "Json", data: [0] } } },
    });
    const settled = await submitted.settled();
    expect(settled).toMatchObject({
      status: "Succeeded",
      output: { x: [2], state: { type: "Json", data: { fitted: "uses" } } },
    });
  });

  it("gets a text as Json, which it knows", async () => {
    const peer = await oldPeer();
    const submitted = await pw.submit({
      plan: execute("echo"),
      input: { source: "Inline", value: { type: "Text", data: "hello" } },
      filters: [pickled("echo")],
    });
    expect(await submitted.result()).toBe("hello");
    expect(assigned(peer)).toHaveLength(1);
  });

  it("is not sent what float64 can't hold: the plan fails and says where", async () => {
    await oldPeer();
    const submitted = await pw.submit({
      plan: execute("echo"),
      input: {
        source: "Inline",
        value: {
          type: "Tensor",
          data: { dtype: "int64", values: BigInt64Array.of(2n ** 60n + 1n), shape: [1] },
        },
      },
      filters: [pickled("echo")],
    });
    await expect(submitted.result()).rejects.toMatchObject({ code: "VALUE_UNSUPPORTED" });
  });

  it("never gets a node that is bound to a filter of ours: the plan is refused or waits", async () => {
    const peer = await oldPeer();
    const submitted = await pw.submit({
      plan: execute("echo"),
      input: json(1),
      bindings: [{ node_id: "echo", uses: "echo" }],
    });
    await run(execute("total"), [1]); // what could run did run
    expect(assigned(peer)).toEqual([execute("total")]);
    await submitted.cancel();
  });

  it("reports a failure of its own in its own words", async () => {
    await oldPeer({ nodes: {} });
    await expect(run(execute("echo"), 1)).rejects.toMatchObject({
      message: expect.stringContaining("filter not found: echo") as unknown,
    });
  });

  it("keeps its slot while a cancelled plan still runs there, and the late answer is dropped", async () => {
    const peer = await oldPeer();
    peer.answers.plans = false;
    const first = await pw.submit({
      plan: execute("echo"),
      input: json(1),
      filters: [pickled("echo")],
    });
    const { plan } = (await peer.next("AssignPlan")) as unknown as { plan: { plan_id: string } };
    expect(await first.cancel()).toMatchObject({ status: "Cancelled" });
    const second = await pw.submit({
      plan: execute("echo"),
      input: json(2),
      filters: [pickled("echo")],
    });
    const result = (plan_id: string, data: number) => ({
      type: "PlanResult",
      worker_id: "old",
      plan_id,
      result: { status: "Success", output: { type: "Json", data }, duration_ms: 1, states: {} },
    });
    expect(assigned(peer)).toHaveLength(1);
    peer.send(result(plan.plan_id, 1));
    const next = (await peer.next("AssignPlan")) as unknown as { plan: { plan_id: string } };
    peer.send(result(next.plan.plan_id, 2));
    expect(await second.result()).toBe(2);
    expect(await first.settled()).toMatchObject({ status: "Cancelled" });
  });

  it("loses its plan to another worker when it hangs up", async () => {
    const first = await oldPeer({ id: "a" });
    first.answers.plans = false;
    const submitted = await pw.submit({
      plan: execute("echo"),
      input: json(7),
      filters: [pickled("echo")],
    });
    await first.next("AssignPlan");
    await oldPeer({ id: "b" });
    first.close();
    expect(await submitted.result()).toBe(7);
  });

  it("is never answered when it says something broken, and goes on", async () => {
    const peer = await oldPeer();
    peer.send({ type: "Heartbeat", worker_id: 7 });
    peer.send({ type: "Telepathy" });
    peer.send({ error: "invalid message: what?" });
    peer.send({ status: "cancel_not_implemented" });
    expect(await run(execute("inc"), [1])).toEqual([2]);
    expect(peer.received.map(({ type }) => type)).toEqual(["Registered", "AssignPlan"]);
  });

  it.each(["arrays", "maps"] as const)("streams, answering in %s", async (form) => {
    const peer = await oldPeer({ form });
    const chunks = Array.from({ length: 40 }, (_, i) => [i, i]);
    const stream = pw.stream(
      {
        plan: { Sequence: [execute("inc"), execute("double")] },
        filters: [pickled("inc"), pickled("double")],
      } as never,
      chunks as never,
    );
    const out: unknown[] = [];
    for await (const chunk of stream) out.push(chunk);
    expect(out).toEqual(chunks.map((xs) => xs.map((x) => (x + 1) * 2)));
    expect(new Set(peer.received.map(({ type }) => type))).toEqual(
      new Set(["Registered", "StreamBegin", "ChunkData", "StreamEnd"]),
    );
  });
});
