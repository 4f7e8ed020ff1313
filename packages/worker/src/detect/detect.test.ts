import { expect, test } from "vitest";
import { knownCapabilities } from "./capabilities.js";
import { outputOf } from "./command.js";
import { readGpus } from "./gpus.js";
import { memoryInUse } from "./memory.js";
import { pythonEnvName } from "./python-envs.js";

test("GPUs are read from what nvidia-smi prints", () => {
  expect(readGpus("NVIDIA A100, 80GB PCIe, 81920\nTesla T4, 15360\n")).toEqual([
    { name: "NVIDIA A100, 80GB PCIe", memory_bytes: 81920 * 1024 * 1024 },
    { name: "Tesla T4", memory_bytes: 15360 * 1024 * 1024 },
  ]);
});

test.each([
  "",
  "NVIDIA-SMI has failed because it couldn't communicate with the driver.\n",
  "[N/A]",
])("%o is no GPU", (text) => expect(readGpus(text)).toEqual([]));

test("a Python is named by its version", () => {
  expect(pythonEnvName("Python 3.11.4\n")).toBe("py311");
  expect(pythonEnvName("Python 2.7.18")).toBe("py27");
  expect(pythonEnvName("command not found")).toBeUndefined();
});

test("a command that is missing, fails or hangs gives nothing", async () => {
  expect(await outputOf("planwire-no-such-command", [], 1000)).toBeUndefined();
  expect(await outputOf(process.execPath, ["-e", "process.exit(1)"], 10_000)).toBeUndefined();
  expect(
    await outputOf(process.execPath, ["-e", "setInterval(() => {}, 1e6)"], 50),
  ).toBeUndefined();
});

test("memory and cores are those that this process may use", () => {
  const { cpu_cores, ram_bytes, tags } = knownCapabilities(["a"]);
  expect(cpu_cores).toBeGreaterThanOrEqual(1);
  expect(Number(ram_bytes)).toBeGreaterThan(0);
  expect(tags).toEqual(["a"]);
  expect(memoryInUse()).toBeGreaterThan(0);
  expect(memoryInUse()).toBeLessThan(1);
});
