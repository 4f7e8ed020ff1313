// What the proxy takes for a sign of life, on which the judge of leases relies.
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { CuttingProxy } from "./proxy.js";

const PAUSE_MS = 300;

/** Both ends of a connection through the proxy, and the bytes that one of them sends and the other gets. */
async function connected() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy = await CuttingProxy.to((server.address() as AddressInfo).port);
  const accepted = once(server, "connection");
  const near = connect(Number(new URL(proxy.url).port), "127.0.0.1");
  const [far] = (await accepted) as [Socket];
  for (const end of [near, far]) end.on("error", () => {}); // the proxy ends connections by a reset
  onTestFinished(async () => {
    await proxy.close();
    server.close();
  });
  const pass = async (from: Socket, to: Socket) => {
    const passed = once(to, "data");
    from.write("x");
    await passed;
  };
  return { proxy, up: () => pass(near, far), down: () => pass(far, near) };
}

test("who has dialled is heard of once its greeting is answered, and then by whatever it says", async () => {
  const { proxy, up, down } = await connected();
  const { signs } = proxy;
  for (const word of [up, down, up]) await word();
  expect(signs.silences).toEqual([]);
  await down();
  expect(signs.silences).toHaveLength(1);
  await sleep(PAUSE_MS);
  await up();
  expect(signs.silences).toHaveLength(2);
});

test("what the coordinator says is no sign of life of whom it says it to", async () => {
  const { proxy, up, down } = await connected();
  for (const word of [up, down, up, down]) await word();
  const heardAt = proxy.signs.silences.at(-1)?.from;
  await sleep(PAUSE_MS);
  await down();
  expect(proxy.signs.silences.map(({ from }) => from)).toEqual([heardAt]);
});
