import { defineFilter, plan } from "@planwire/plan";
import { isPlanwireError, type Outcome } from "@planwire/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { connectTo } from "./connect-to.js";
import type { Planwire } from "./planwire.js";
import { RawCoordinator } from "./testing/raw-coordinator.js";

const double = plan("double").pipe(defineFilter("double", (x: number) => 2 * x));

function succeeded(data: number): Outcome {
  return {
    status: "Succeeded",
    output: { type: "Json", data },
    states: {},
    worker_id: "w1",
    attempts: 1,
    duration_ms: 3,
  };
}

let coordinator: RawCoordinator;
beforeEach(async () => {
  coordinator = await RawCoordinator.start();
});
afterEach(async () => {
  await coordinator.stop();
});

/** A connected client, and its connection as the coordinator has it. */
async function connected() {
  const [pw, connection] = await Promise.all([
    connectTo({ url: coordinator.url }),
    coordinator.welcomed(),
  ]);
  return { pw, connection };
}

test("a plan is submitted and its result comes back", async () => {
  const { pw, connection } = await connected();
  const running = pw.run(double, 21);
  const submit = await connection.accept();
  expect(submit).toMatchObject({
    watch: true,
    only_outcome: true,
    plan: {
      plan: { Execute: { node_id: "double" } },
      input: { source: "Inline", value: { type: "Json", data: 21 } },
      metadata: { name: "double" },
    },
  });
  const event = { kind: "Finished", outcome: succeeded(42) } as const;
  connection.send({
    type: "PlanEvent",
    plan_id: submit.plan.plan_id,
    number: [1, 2],
    at: 0,
    event,
  });
  expect(await running).toBe(42);
  await pw.close();
});
