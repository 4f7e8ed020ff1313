import { expect, it } from "vitest";
import { CoordinatorDriver } from "../testing/coordinator-driver.js";

const settings = { clientTimeoutMs: 8_000 };

it("a client that says nothing is pinged, and closed when no pong comes", () => {
  const driver = new CoordinatorDriver({ settings });
  const [gone, quiet] = [driver.client(), driver.client()];
  driver.passTime(4_000);
  expect(driver.others.filter(({ type }) => type === "probe")).toMatchObject([
    { conn: gone },
    { conn: quiet },
  ]);
  driver.step({ type: "probeDone", conn: quiet });
  driver.passTime(4_000);
  expect(driver.closed).toEqual([{ conn: gone, code: "SESSION_EXPIRED" }]);
});

it("a coordinator that stood still blames no client for it", () => {
  const driver = new CoordinatorDriver({ settings });
  const client = driver.client();
  driver.mono += 60_000;
  driver.step({ type: "woken" });
  expect(driver.closed).toEqual([]);
  driver.step({ type: "probeDone", conn: client });
  driver.passTime(7_000);
  expect(driver.closed).toEqual([]);
});

it("where no client is connected nobody is looked for", () => {
  const driver = new CoordinatorDriver({ settings });
  driver.disconnect(driver.client());
  driver.passTime(10_000);
  expect(driver.core.state.clientsAt).toBeUndefined();
});
