import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isPlanwireError, PlanwireError } from "@planwire/protocol/errors";
import { findDriver, type Database } from "./sqlite-driver.js";
import { isLocked, storeUnavailable } from "./sqlite-errors.js";
import {
  APPLICATION_ID,
  hasTables,
  readApplicationId,
  readVersion,
  SCHEMA_VERSION,
  upgrade,
} from "./sqlite-schema.js";

/** An open file that nobody else writes. */
export interface StoreFile {
  readonly db: Database;
  readonly historyId: string;
  readonly boot: number;
  close(): void;
}

/** Bytes that the log beside the file may keep between bursts. */
const LOG_BYTES = 64 * 1024 * 1024;
/** Milliseconds to wait for a foreign program, such as one that takes a backup. */
const BUSY_MS = 5_000;

/** Opens the file, made and upgraded as needed, and counts this opening. Everything that fails is STORE_UNAVAILABLE. */
export function openFile(path: string): StoreFile {
  const opened: Database[] = [];
  const open = (file: string) => {
    const db = new DatabaseSync(file);
    opened.push(db);
    return db;
  };
  const close = () => {
    for (const db of opened.toReversed()) db.close();
  };
  const { DatabaseSync } = findDriver();
  try {
    const file = locate(path);
    takeLock(open(`${file}-lock`), path);
    const db = open(file);
    prepare(db, path);
    return { db, ...countBoot(db), close };
  } catch (error) {
    close();
    throw isPlanwireError(error) ? error : storeUnavailable(path, error);
  }
}

/** The file by one name, whichever links lead there, so that its lock is one, too. */
function locate(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  makeFolder(dirname(path));
  return join(realpathSync(dirname(path)), basename(path));
}

/** One folder after the other: mkdir with `recursive` never returns where none can be made, as under /proc (Node 20). */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  const parent = dirname(folder);
  if (parent !== folder) makeFolder(parent);
  try {
    mkdirSync(folder);
  } catch (error) {
    if (!existsSync(folder)) throw error; // another process may have made it just now
  }
}

/**
 * One writer: a transaction that is never ended holds a file of its own, so that the store's can be read and backed up
 * meanwhile. The operating system lets go of the lock when the process dies, however it dies.
 */
function takeLock(lock: Database, path: string): void {
  try {
    lock.exec("PRAGMA journal_mode = MEMORY"); // nothing is written, so no journal needs to lie beside it
    lock.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    if (!isLocked(error)) throw error;
    throw new PlanwireError("STORE_UNAVAILABLE", `${path} is in use by another coordinator`, {
      hint: "Stop the other one, or give this one a file of its own: `--store sqlite:FILE`.",
      cause: error,
    });
  }
}

function prepare(db: Database, path: string): void {
  const version = checkedVersion(db, path);
  db.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
  db.exec("PRAGMA journal_mode = WAL");
  db.exec("PRAGMA synchronous = FULL");
  db.exec(`PRAGMA journal_size_limit = ${LOG_BYTES}`);
  if (version < SCHEMA_VERSION) upgrade(db, version);
  db.exec("PRAGMA foreign_keys = ON");
}

function checkedVersion(db: Database, path: string): number {
  const version = readVersion(db);
  const isNew = version === 0 && !hasTables(db);
  if (!isNew && readApplicationId(db) !== APPLICATION_ID) {
    throw new PlanwireError("STORE_UNAVAILABLE", `${path} belongs to another program`, {
      hint: "Name another file: `--store sqlite:FILE`.",
      retryable: false,
    });
  }
  if (version > SCHEMA_VERSION) {
    throw new PlanwireError(
      "STORE_UNAVAILABLE",
      `${path} has version ${version}, this Planwire knows versions up to ${SCHEMA_VERSION}`,
      { hint: "Run the newer Planwire that wrote it, or name another file.", retryable: false },
    );
  }
  return version;
}

function countBoot(db: Database): { historyId: string; boot: number } {
  db.prepare(
    "INSERT INTO history (id, boot) SELECT ?, 0 WHERE NOT EXISTS (SELECT 1 FROM history)",
  ).run(randomUUID());
  const row = db.prepare("UPDATE history SET boot = boot + 1 RETURNING id, boot").get();
  const { id, boot } = row as { id: string; boot: number };
  return { historyId: id, boot };
}
