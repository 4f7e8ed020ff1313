import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { startRaw, succeeded } from "./testing/connected.js";

/** Runs a script that forgets close(); gives what it printed when it has ended by itself. */
async function runToItsEnd(script: string): Promise<string> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    cwd: import.meta.dirname,
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let printed = "";
  child.stdout.on("data", (data: Buffer) => (printed += data.toString()));
  const [code] = await once(child, "exit");
  expect(code).toBe(0);
  return printed.trim();
}

const connectTo = (url: string) => `
  import { connectTo } from "@planwire/client";
  const pw = await connectTo({ url: "${url}" });
  const submit = () => pw.submit({ plan: { Execute: { node_id: "f" } } });
`;

test("a process that forgets close() ends when nothing is under way any more", async () => {
  const coordinator = await startRaw();
  const ending = runToItsEnd(`${connectTo(coordinator.url)}
    const run = await submit();
    console.log(await run.result());`);
  const connection = await coordinator.welcomed();
  const { plan } = await connection.accept();
  connection.finish(plan.plan_id, succeeded(7));
  expect(await ending).toBe("7");
});

test("a run that is under way keeps the process alive, also while the connection is lost", async () => {
  const coordinator = await startRaw();
  const ending = runToItsEnd(`${connectTo(coordinator.url)}
    void submit().then((run) => run.result()).then(console.log);`);
  const connection = await coordinator.welcomed();
  const { plan } = await connection.accept();
  connection.cut();
  const next = await coordinator.welcomed();
  await next.take("Watch");
  next.finish(plan.plan_id, succeeded(8));
  expect(await ending).toBe("8");
});

test("an idle client that lost its coordinator does not keep the process alive", async () => {
  const coordinator = await startRaw();
  const ending = runToItsEnd(`${connectTo(coordinator.url)}
    console.log("idle");`);
  const connection = await coordinator.welcomed();
  connection.cut();
  expect(await ending).toBe("idle");
});
