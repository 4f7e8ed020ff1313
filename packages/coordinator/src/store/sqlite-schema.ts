import type { Database } from "./sqlite-driver.js";

/** Marks a SQLite file as ours ("plnw"), so that no other program's file is ever changed. */
export const APPLICATION_ID = 0x706c6e77;

/**
 * What brings a file from each version to the next, from an empty file on. A released step never changes: what comes
 * later is a step of its own.
 *
 * Large values stand in tables of their own, because SQLite writes a whole row again when one column of it grows.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE history (
    id TEXT NOT NULL,
    boot INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE executions (
    position INTEGER PRIMARY KEY, -- grows in the order of submission
    plan_id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    owner TEXT NOT NULL,
    version INTEGER NOT NULL,
    content_hash TEXT NOT NULL,
    name TEXT,
    state TEXT NOT NULL,
    submitted_at REAL NOT NULL, -- milliseconds since 1970
    finished_at REAL,
    error_code TEXT,
    cut TEXT, -- JSON
    cancelled_by TEXT,
    attempts INTEGER NOT NULL,
    lost INTEGER NOT NULL,
    worker_id TEXT
  ) STRICT;
  CREATE INDEX executions_by_state ON executions (state, position);
  CREATE INDEX executions_by_end ON executions (finished_at) WHERE finished_at IS NOT NULL;

  -- The blobs are msgpack as it travels between our own peers.
  CREATE TABLE plans (
    position INTEGER PRIMARY KEY REFERENCES executions ON DELETE CASCADE,
    plan BLOB NOT NULL
  ) STRICT;
  CREATE TABLE outcomes (
    position INTEGER PRIMARY KEY REFERENCES executions ON DELETE CASCADE,
    outcome BLOB NOT NULL,
    output_of TEXT -- the part whose result holds the output and the states; the outcome's own are empty then
  ) STRICT;

  CREATE TABLE attempts (
    id INTEGER PRIMARY KEY, -- grows in the order in which they were made
    position INTEGER NOT NULL REFERENCES executions ON DELETE CASCADE,
    part_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    worker_id TEXT NOT NULL,
    incarnation TEXT,
    started INTEGER NOT NULL DEFAULT 0,
    lost TEXT,
    UNIQUE (position, part_id, attempt)
  ) STRICT;

  CREATE TABLE results (
    id INTEGER PRIMARY KEY, -- grows in the order in which they were taken
    position INTEGER NOT NULL REFERENCES executions ON DELETE CASCADE,
    part_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    result BLOB NOT NULL,
    UNIQUE (position, part_id)
  ) STRICT;
  `,
  // Content is compared as it stands, when an id comes twice.
  `ALTER TABLE executions DROP COLUMN content_hash;`,
  // Results are kept for a time: as long as the coordinator says, or as the plan itself does.
  `
  ALTER TABLE executions ADD COLUMN expires_at REAL; -- milliseconds since 1970; the plan's own, with the end
  DROP INDEX executions_by_end;
  CREATE INDEX executions_by_end ON executions (finished_at)
    WHERE finished_at IS NOT NULL AND expires_at IS NULL;
  CREATE INDEX executions_by_expiry ON executions (expires_at) WHERE expires_at IS NOT NULL;
  `,
  // Most plans succeed with a result of theirs, and need no row in `outcomes` any more, nor has `output_of` been written since.
  `ALTER TABLE results ADD COLUMN outcome_ms REAL; -- what the execution took, if this result is its outcome`,
  `
  -- Whether the wish to stop is its deadline's.
  ALTER TABLE executions ADD COLUMN expired INTEGER NOT NULL DEFAULT 0;

  -- What an attempt that was given up means for the next one.
  ALTER TABLE attempts ADD COLUMN lost_cost TEXT;
  ALTER TABLE attempts ADD COLUMN lost_alone INTEGER;
  ALTER TABLE attempts ADD COLUMN retry_at REAL; -- milliseconds since 1970
  UPDATE attempts SET lost_alone = 0, retry_at = 0, lost_cost = CASE
    WHEN lost = 'the worker gave it back' THEN 'nothing'
    WHEN lost IN ('the worker came back without it', 'the worker did not have it') AND started = 0
      THEN 'nothing'
    ELSE 'try'
  END WHERE lost IS NOT NULL;
  `,
  // Most plans are small and have one attempt, of the whole plan: then all stands in the execution's own row, and a plan takes two statements.
  `
  ALTER TABLE executions ADD COLUMN plan BLOB; -- NULL: in plans
  ALTER TABLE executions ADD COLUMN started INTEGER; -- of that attempt, whose worker is worker_id; NULL: all are in attempts and results
  ALTER TABLE executions ADD COLUMN incarnation TEXT;
  ALTER TABLE executions ADD COLUMN result BLOB;
  ALTER TABLE executions ADD COLUMN outcome_ms REAL;
  `,
  // A name that was offered once in this history is not refused as unknown after a restart.
  `
  CREATE TABLE offers (
    position INTEGER PRIMARY KEY, -- grows in the order in which they were first offered as what they are
    key TEXT NOT NULL UNIQUE, -- name, or name@version
    kind TEXT NOT NULL
  ) STRICT;
  `,
];

export const SCHEMA_VERSION = MIGRATIONS.length;

export function readVersion(db: Database): number {
  return readNumber(db, "user_version");
}

export function readApplicationId(db: Database): number {
  return readNumber(db, "application_id");
}

export function hasTables(db: Database): boolean {
  return db.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() !== undefined;
}

/** Takes the steps that a file of this version lacks, all or none. */
export function upgrade(db: Database, from: number, migrations = MIGRATIONS): void {
  db.exec("BEGIN IMMEDIATE");
  try {
    for (const step of migrations.slice(from)) db.exec(step);
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    db.exec(`PRAGMA user_version = ${migrations.length}`);
    db.exec("COMMIT");
  } catch (error) {
    db.exec("ROLLBACK");
    throw error;
  }
}

function readNumber(db: Database, pragma: "user_version" | "application_id"): number {
  const row = db.prepare(`PRAGMA ${pragma}`).get() as Record<string, number>;
  return row[pragma] ?? 0;
}
