import { LIMITS } from "@planwire/protocol";
import { describe, expect, test } from "vitest";
import { resolveOptions, type CoordinatorOptions } from "./options.js";
import { memoryStore } from "./store/memory.js";

describe("options of a coordinator", () => {
  test("all have defaults: this machine only, nothing on disk", () => {
    expect(resolveOptions({})).toMatchObject({
      host: "127.0.0.1",
      port: 7420,
      token: undefined,
      allowOrigins: [],
      log: "warn",
      settings: { heartbeatIntervalMs: 10_000, heartbeatTimeoutMs: 30_000, ...sizes(LIMITS) },
    });
  });

  test("a store may be given as it is", () => {
    const store = memoryStore();
    expect(resolveOptions({ store }).store).toBe(store);
  });

  test("a lower bound for frames bounds chunks too", () => {
    const { settings } = resolveOptions({ limits: { frameBytes: 2_048 } });
    expect(settings).toMatchObject({ frameBytes: 2_048, chunkBytes: 2_048 });
  });

  test("seldom used bounds are settings", () => {
    expect(resolveOptions({ settings: { maxQueued: 3 } }).settings.maxQueued).toBe(3);
  });

  test("how long ended executions are kept", () => {
    expect(resolveOptions({}).settings.keepMs).toBe(7 * 24 * 3_600_000);
    expect(resolveOptions({ keepMs: 5 }).settings.keepMs).toBe(5);
    expect(refusal({ keepMs: 0 })).toContain("keepMs");
  });

  test("what is undefined was not said", () => {
    const said = { heartbeatTimeoutMs: undefined } as unknown as CoordinatorOptions;
    expect(resolveOptions(said).settings.heartbeatTimeoutMs).toBe(30_000);
  });

  test.each([
    ["https://example.org", "https://example.org"],
    ["https://Example.org:443/", "https://example.org"],
    ["http://localhost:5173/", "http://localhost:5173"],
    ["chrome-extension://abcdef", "chrome-extension://abcdef"],
  ])("origin %s is meant as browsers send it: %s", (given, sent) => {
    expect(resolveOptions({ allowOrigins: [given] }).allowOrigins).toEqual([sent]);
  });

  test.each(["*", "example.org", "https://example.org/app", "https://a.example?x", "null", ""])(
    "%j is no origin",
    (origin) => {
      expect(refusal({ allowOrigins: [origin] })).toContain("allowOrigins");
    },
  );

  test.each<[string, object]>([
    ["portt", { portt: 1 }],
    ["limits.frames", { limits: { frames: 1 } }],
    ["settings.maxQueue", { settings: { maxQueue: 1 } }],
    ["port", { port: 65_536 }],
    ["port", { port: -1 }],
    ["port", { port: "7420" }],
    ["token", { token: "" }],
    ["store", { store: "redis:" }],
    ["store", { store: {} }],
    ["frameBytes", { limits: { frameBytes: LIMITS.frameBytes + 1 } }],
    ["frameBytes", { limits: { frameBytes: 10 } }],
    ["chunkBytes", { limits: { chunkBytes: 0.5 } }],
    ["heartbeatIntervalMs", { heartbeatIntervalMs: 0 }],
    ["heartbeatTimeoutMs", { heartbeatTimeoutMs: 10_000 }],
  ])("a wrong %s is BAD_USAGE, by name: %j", (name, options) => {
    expect(refusal(options)).toContain(name);
  });

  test("other machines are let in only with a token", () => {
    expect(() => resolveOptions({ host: "0.0.0.0" })).toThrowError(
      expect.objectContaining({ code: "BAD_USAGE", hint: expect.stringContaining("--token") }),
    );
    expect(resolveOptions({ host: "0.0.0.0", token: "t" }).host).toBe("0.0.0.0");
  });
});

function sizes({ frameBytes, chunkBytes }: typeof LIMITS) {
  return { frameBytes, chunkBytes };
}

function refusal(options: object): string {
  let message = "";
  expect(() => resolveOptions(options)).toThrowError(
    expect.objectContaining({
      code: "BAD_USAGE",
      message: expect.toSatisfy((text: string) => {
        message = text;
        return true;
      }),
    }),
  );
  return message;
}
