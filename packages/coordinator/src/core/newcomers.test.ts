import { expect, it } from "vitest";
import { CoordinatorDriver, registerMessage } from "../testing/coordinator-driver.js";

it("a newcomer has its time although the coordinator stood still", () => {
  const driver = new CoordinatorDriver({ settings: { helloTimeoutMs: 3_000 } });
  const newcomer = driver.connect();
  driver.mono += 60_000;
  driver.step({ type: "woken" });
  expect(driver.closed).toEqual([]);
  driver.passTime(3_000);
  expect(driver.closed).toEqual([{ conn: newcomer, code: "SESSION_EXPIRED" }]);
});

it("who connects and says nothing is closed; who said who it is stays", () => {
  const driver = new CoordinatorDriver({ settings: { helloTimeoutMs: 3_000 } });
  const [silent, client] = [driver.connect(), driver.client()];
  driver.passTime(1_000);
  const late = driver.connect();
  driver.passTime(1_500);
  driver.receive(late, registerMessage("w"));
  const last = driver.connect();
  driver.passTime(600);
  expect(driver.closed).toEqual([{ conn: silent, code: "SESSION_EXPIRED" }]);
  expect(driver.take(silent, "Error")).toMatchObject({ code: "SESSION_EXPIRED" });
  driver.disconnect(silent);
  driver.heartbeat(late);
  driver.passTime(3_000);
  expect(driver.closed.map(({ conn }) => conn)).toEqual([silent, last]);
  expect(driver.core.state.connections.get(client)?.phase).toBe("client");
  expect(driver.core.state.newcomers.size).toBe(0);
});
