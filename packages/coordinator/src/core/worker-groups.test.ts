import { expect, it } from "vitest";
import { capabilities, CoordinatorDriver, planOf } from "../testing/coordinator-driver.js";

const remote = (id: string, target: object) =>
  planOf(id, {
    plan: {
      Remote: { node_id: "r", target: target as never, plan: { Execute: { node_id: "f" } } },
    },
  });

it("workers that offer the same are one group, which ends with its last one", () => {
  const driver = new CoordinatorDriver();
  const [one, two] = [driver.worker("one"), driver.worker("two")];
  driver.worker("other", ["g"]);
  expect(driver.core.state.groups.size).toBe(2);
  for (const conn of [one, two]) driver.disconnect(conn);
  expect(driver.core.state.groups.size).toBe(1);
});

it("what waits for workers nobody has yet goes to the first that comes, by filter, tag or id", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  driver.submit(client, planOf("by-filter"));
  driver.submit(client, remote("by-tag", { Tag: "gpu" }));
  driver.submit(client, remote("by-id", { WorkerId: "chosen" }));
  const plain = driver.worker("plain");
  expect(driver.take(plain, "AssignPlan").plan.plan_id).toBe("by-filter");
  driver.expectNothingMoreFor(plain);
  const chosen = driver.worker("chosen");
  expect(driver.take(chosen, "AssignPlan").plan.plan_id).toBe("by-id");
  const gpu = driver.worker("gpu", ["f"], { capabilities: { ...capabilities, tags: ["gpu"] } });
  expect(driver.take(gpu, "AssignPlan").plan.plan_id).toBe("by-tag");
  const { lanes, lanesByWorker } = driver.core.state;
  expect([lanes.size, lanesByWorker.size]).toEqual([0, 0]);
});

it("who is named for something gets it only with the filters, whenever it comes or has a slot free", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  driver.submit(client, remote("by-id", { WorkerId: "chosen" }));
  const lacking = driver.worker("chosen", ["g"]);
  const old = driver.inherited("old");
  driver.submit(client, remote("for-old", { WorkerId: "old" }));
  driver.expectNothingMoreFor(lacking);
  driver.expectNothingMoreFor(old);
  driver.disconnect(lacking);
  driver.passTime(60_000);
  const chosen = driver.worker("chosen", ["f"]);
  expect(driver.take(chosen, "AssignPlan").plan.plan_id).toBe("by-id");
});

it("a tag that many plans ask for is looked up once, and tags nobody asks for any more are forgotten", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const tags = Array.from({ length: 150 }, (_, index) => `t${index}`);
  const worker = driver.worker("w", ["f"], { capabilities: { ...capabilities, tags } });
  for (const tag of tags) {
    driver.submit(client, remote(`p-${tag}`, { Tag: tag }));
    driver.answer(worker, driver.take(worker, "AssignPlan"), 1);
    driver.take(worker, "ResultAck");
  }
  const [group] = driver.core.state.groups.values();
  expect(group?.tagged.size).toBeLessThanOrEqual(100);
});
