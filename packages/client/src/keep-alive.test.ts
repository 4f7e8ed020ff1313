import { defineFilter, plan } from "@planwire/plan";
import { expect, test } from "vitest";
import { connected, succeeded } from "./testing/connected.js";

const double = plan("double").pipe(defineFilter("double", (x: number) => 2 * x));

test("a client is busy exactly while somebody waits for something", async () => {
  const told: boolean[] = [];
  const { pw, connection } = await connected({ onBusy: (busy) => told.push(busy) });
  expect(told).toEqual([false]);
  const submitting = pw.submit(double, 1);
  expect(told).toEqual([false, true]);
  const submit = await connection.accept();
  const run = await submitting;
  expect(told).toEqual([false, true]);
  connection.finish(submit.plan.plan_id, succeeded(2));
  await run.result();
  expect(told).toEqual([false, true, false]);
});

test("hooks: filters are offered before the submission leaves, and close() ends with the last one", async () => {
  const order: string[] = [];
  const { pw, connection } = await connected({
    offerFilters: async (filters) => {
      await Promise.resolve();
      order.push(
        ...filters.map(({ name }) => `offered ${name}`),
        `${connection.untaken.length} sent`,
      );
    },
    onClosed: async () => void order.push("closed"),
  });
  const submitting = pw.submit(double, 1);
  await connection.accept();
  await submitting;
  await pw.close();
  await pw.close();
  expect(order).toEqual(["offered double", "0 sent", "closed"]);
});
