import { expect, it } from "vitest";
import {
  CoordinatorDriver,
  planOf,
  registerMessage,
  resultMessage,
  success,
} from "../testing/coordinator-driver.js";

type Conn = ReturnType<CoordinatorDriver["connect"]>;
const drain = (driver: CoordinatorDriver, client: Conn, worker_id = "w") =>
  driver.receive(client, { type: "Drain", request_id: 5, worker_id, reason: "new driver" });

function assigned(more = {}) {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const worker = driver.worker("w", ["f"], { max_concurrent: 2, ...more });
  driver.submit(client, planOf("p"));
  return { driver, client, worker, assignment: driver.take(worker, "AssignPlan") };
}

it("a drained worker is told to go, gets no new work, and its results are still taken", () => {
  const { driver, client, worker, assignment } = assigned();
  drain(driver, client);
  expect(driver.take(worker, "Shutdown")).toEqual({ type: "Shutdown", reason: "new driver" });
  expect(driver.take(client, "Draining")).toEqual({
    type: "Draining",
    request_id: 5,
    worker_id: "w",
    active_plans: 1,
    active_streams: 0,
  });
  driver.submit(client, planOf("q"));
  // A heartbeat that left before it knew says that it is ready.
  driver.heartbeat(worker, { status: "ready" });
  driver.receive(worker, resultMessage(assignment, success({ type: "Json", data: 1 })));
  expect(driver.take(worker, "ResultAck")).toMatchObject({ taken: true });
  expect(driver.typesTo(worker)).not.toContain("AssignPlan");
  driver.receive(client, { type: "ListWorkers", request_id: 6 });
  expect(driver.take(client, "Workers").workers).toMatchObject([{ state: "draining" }]);
  driver.receive(client, { type: "Explain", request_id: 7, plan_id: "q" });
  expect(driver.take(client, "Explained").reasons.join()).toContain("is leaving: new driver");
});

it("drained twice, it is told once, and the answer is the same", () => {
  const { driver, client, worker } = assigned();
  drain(driver, client);
  drain(driver, client);
  expect(driver.take(client, "Draining")).toEqual(driver.take(client, "Draining"));
  expect(driver.typesTo(worker)).toEqual(["Shutdown"]);
});

it("a worker that is away when it is drained is told when it comes back", () => {
  const { driver, client, worker } = assigned();
  driver.disconnect(worker);
  drain(driver, client);
  driver.take(client, "Draining");
  const back = driver.connect();
  const resume = [{ plan_id: "p", attempt: 1, state: "running" } as const];
  driver.receive(back, registerMessage("w", ["f"], { resume, max_concurrent: 2 }));
  driver.take(back, "Shutdown");
  driver.submit(client, planOf("q"));
  expect(driver.typesTo(back)).not.toContain("AssignPlan");
});

it("a worker that held nothing when its socket was lost is told, too, and forgotten with its lease", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const worker = driver.worker("w");
  drain(driver, client);
  driver.disconnect(worker);
  const back = driver.worker("w");
  driver.take(back, "Shutdown");
  driver.submit(client, planOf("p"));
  expect(driver.typesTo(back)).toEqual([]);
  driver.disconnect(back);
  driver.passTime(31_000);
  expect(driver.core.state.workers.size).toBe(0);
});

it("another process under its id is not drained", () => {
  const { driver, client, worker } = assigned();
  drain(driver, client);
  driver.disconnect(worker);
  const fresh = driver.connect();
  driver.receive(fresh, registerMessage("w", ["f"], { incarnation: "w-2" }));
  expect(driver.take(fresh, "AssignPlan")).toMatchObject({ attempt: 2 });
  expect(driver.typesTo(fresh)).not.toContain("Shutdown");
});

it("a peer of the inherited wire is told in its own words", () => {
  const driver = new CoordinatorDriver();
  const old = driver.inherited("old");
  const client = driver.client();
  drain(driver, client, "old");
  expect(driver.take(old, "Shutdown")).toEqual({ type: "Shutdown", reason: "new driver" });
  const filters = [{ node_id: "f", pickled_filter: "gA==" }];
  driver.submit(client, planOf("p", { bindings: [], filters }));
  driver.expectNothingMoreFor(old);
});

it("nobody of that id is WORKER_UNKNOWN", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  drain(driver, client, "ghost");
  expect(driver.take(client, "Error")).toMatchObject({ code: "WORKER_UNKNOWN", request_id: 5 });
});
