import { expect, test } from "vitest";
import { findDriver, type Database } from "./sqlite-driver.js";
import { MIGRATIONS, readVersion, upgrade } from "./sqlite-schema.js";

const { DatabaseSync } = findDriver();

function fileOfVersion(version: number): Database {
  const db = new DatabaseSync(":memory:");
  upgrade(db, 0, MIGRATIONS.slice(0, version));
  return db;
}

test("an empty file gets all steps, in order, and the newest version", () => {
  const db = fileOfVersion(MIGRATIONS.length);
  expect(readVersion(db)).toBe(MIGRATIONS.length);
  expect(db.prepare("SELECT count(*) AS n FROM executions").get()).toMatchObject({ n: 0 });
});

test("an old file gets the steps that it lacks, and keeps what it holds", () => {
  const db = fileOfVersion(1);
  db.exec("INSERT INTO history (id, boot) VALUES ('kept', 3)");
  const later = [
    "ALTER TABLE history ADD COLUMN made_by TEXT",
    "UPDATE history SET made_by = 'us'",
  ];
  upgrade(db, 1, [...MIGRATIONS.slice(0, 1), ...later]);
  expect(readVersion(db)).toBe(3);
  expect(db.prepare("SELECT * FROM history").get()).toMatchObject({
    id: "kept",
    boot: 3,
    made_by: "us",
  });
});

test("a step that fails leaves the file at its version, without the steps before it", () => {
  const db = fileOfVersion(1);
  const later = ["ALTER TABLE history ADD COLUMN made_by TEXT", "SELECT * FROM nowhere"];
  expect(() => upgrade(db, 1, [...MIGRATIONS.slice(0, 1), ...later])).toThrow("nowhere");
  expect(readVersion(db)).toBe(1);
  expect(() => db.prepare("SELECT made_by FROM history")).toThrow();
});
