import { createRequire } from "node:module";
import { PlanwireError } from "@planwire/protocol/errors";

/** What we use of node:sqlite's interface, which @photostructure/sqlite shares. */
export interface Database {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

export interface Statement {
  run(...parameters: readonly Column[]): {
    readonly changes: number | bigint;
    readonly lastInsertRowid: number | bigint;
  };
  get(...parameters: readonly Column[]): unknown;
  all(...parameters: readonly Column[]): unknown[];
}

export type Column = null | number | string | Uint8Array;

interface Driver {
  readonly DatabaseSync: new (file: string) => Database;
}

const INSTALLABLE = "@photostructure/sqlite";

/**
 * Node's own SQLite (from 22.13 on without a flag), else the optional package.
 * @throws PlanwireError STORE_UNAVAILABLE without either
 */
export function findDriver(ofNode = nodeDriver, load = loadInstalled): Driver {
  const found = ofNode();
  if (found) return found;
  try {
    return load();
  } catch (cause) {
    throw new PlanwireError(
      "STORE_UNAVAILABLE",
      `Node ${process.versions.node} has no SQLite of its own, and ${INSTALLABLE} can't be loaded`,
      {
        hint: `Run \`npm i ${INSTALLABLE}@^1.2\`, or keep nothing on disk with \`--store memory\`.`,
        retryable: false,
        cause,
      },
    );
  }
}

function nodeDriver(): Driver | undefined {
  return process.getBuiltinModule("node:sqlite") as Driver | undefined;
}

function loadInstalled(): Driver {
  return createRequire(import.meta.url)(INSTALLABLE) as Driver;
}
