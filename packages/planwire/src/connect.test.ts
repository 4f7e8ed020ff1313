import { afterEach, expect, test, vi } from "vitest";
import { connect } from "./connect.js";
import { connect as connectInBrowser } from "./connect-browser.js";

afterEach(() => vi.unstubAllEnvs());

test("in production nothing is embedded", async () => {
  vi.stubEnv("NODE_ENV", "production");
  vi.stubEnv("PLANWIRE_URL", "");
  await expect(connect()).rejects.toMatchObject({
    code: "BAD_USAGE",
    hint: expect.stringContaining("PLANWIRE_URL"),
  });
});

test("PLANWIRE_URL stands for the url", async () => {
  vi.stubEnv("PLANWIRE_URL", "mailto:nobody");
  await expect(connect()).rejects.toThrow("mailto:nobody is no address of a coordinator");
});

test("a browser needs a url, whatever the environment says", async () => {
  vi.stubEnv("PLANWIRE_URL", "ws://127.0.0.1:1");
  await expect(connectInBrowser()).rejects.toMatchObject({
    code: "BAD_USAGE",
    hint: expect.stringContaining("--allow-origin"),
  });
});
