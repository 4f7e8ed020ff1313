import { expect, test } from "vitest";
import { openStore } from "./open-store.js";

test("memory is a store that answers at once", async () => {
  const store = openStore("memory");
  expect(await store.open()).toMatchObject({ boot: 1, live: [] });
});

test.each(["", "sqlite", "sqlite:", "Memory", "memory:", "postgres://db", "/var/planwire.db"])(
  "%j is refused, naming what is expected",
  (spec) => {
    expect(() => openStore(spec)).toThrow(
      expect.objectContaining({
        code: "BAD_USAGE",
        hint: expect.stringContaining("sqlite:FILE"),
      }),
    );
  },
);
