import { expect, test } from "vitest";
import { findDriver } from "./sqlite-driver.js";

test("a driver of this very Node or of the optional package opens a database", () => {
  const { DatabaseSync } = findDriver();
  const db = new DatabaseSync(":memory:");
  expect(db.prepare("SELECT ? AS x").get("here")).toMatchObject({ x: "here" });
  db.close();
});

test("without Node's own, the optional package serves", () => {
  const { DatabaseSync } = findDriver(() => undefined);
  const db = new DatabaseSync(":memory:");
  expect(db.prepare("SELECT 1 AS x").get()).toMatchObject({ x: 1 });
  db.close();
});

test("without either, the error names what to install, and the store that needs nothing", () => {
  const cause = new Error("Cannot find module");
  const neither = () =>
    findDriver(
      () => undefined,
      () => {
        throw cause;
      },
    );
  expect(neither).toThrow(
    expect.objectContaining({
      code: "STORE_UNAVAILABLE",
      retryable: false,
      hint: "Run `npm i @photostructure/sqlite@^1.2`, or keep nothing on disk with `--store memory`.",
      cause,
    }),
  );
});
