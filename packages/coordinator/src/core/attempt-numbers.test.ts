import { expect, it } from "vitest";
import { CoordinatorDriver, planOf, registerMessage } from "../testing/coordinator-driver.js";

const plan = planOf("p", { policy: { durability: "memory" } });

it("what a worker still runs of a forgotten plan is not taken for the new one under its id", () => {
  const before = new CoordinatorDriver();
  const worker = before.worker("w");
  before.submit(before.client(), plan);
  const old = before.take(worker, "AssignPlan");
  expect(old.attempt).toBe(1);

  const driver = new CoordinatorDriver({ opened: { boot: 2 } });
  const again = driver.connect();
  const resume = [{ plan_id: "p", attempt: 1, state: "running" }] as const;
  driver.receive(again, registerMessage("w", ["f"], { resume: [...resume] }));
  expect(driver.take(again, "CancelPlan")).toMatchObject({ plan_id: "p", attempt: 1 });
  const client = driver.client();
  driver.submit(client, plan, { watch: true });
  const assigned = driver.take(again, "AssignPlan");
  const result = { status: "Cancelled", duration_ms: 1, stopped: true, how: "signal" } as const;
  driver.receive(again, {
    type: "PlanResult",
    worker_id: "w",
    plan_id: "p",
    attempt: 1,
    result,
  });
  expect(driver.take(again, "ResultAck")).toMatchObject({ attempt: 1, taken: false });
  driver.answer(again, assigned, "new");
  expect(driver.eventsTo(client).at(-1)).toMatchObject({
    kind: "Finished",
    outcome: { status: "Succeeded", output: { data: "new" }, attempts: 1 },
  });
});

it("a plan on disk counts its attempts from 1 in every start", () => {
  const driver = new CoordinatorDriver({ opened: { boot: 7 } });
  const worker = driver.worker("w");
  driver.submit(driver.client(), planOf("q"));
  expect(driver.take(worker, "AssignPlan").attempt).toBe(1);
});
