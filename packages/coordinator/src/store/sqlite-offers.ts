import type { Database } from "./sqlite-driver.js";
import { prepareAll } from "./sqlite-rows.js";
import type { StoredOffer } from "./store.js";

const SQL = {
  all: "SELECT key, kind FROM offers ORDER BY position",
  // One that is replaced gets a new position: it is the latest again.
  add: `INSERT OR REPLACE INTO offers (key, kind)
    SELECT value ->> 'key', value ->> 'kind' FROM json_each(?)`,
  bound: `DELETE FROM offers
    WHERE position NOT IN (SELECT position FROM offers ORDER BY position DESC LIMIT ?)`,
} as const;

/** The filters that workers offered, the latest last. */
export class SqliteOffers {
  readonly #sql;

  constructor(db: Database) {
    this.#sql = prepareAll(db, SQL);
  }

  all(): StoredOffer[] {
    return this.#sql.all.all().map((row) => ({ ...(row as StoredOffer) }));
  }

  remember(offers: readonly StoredOffer[], most: number): void {
    this.#sql.add.run(JSON.stringify(offers));
    this.#sql.bound.run(most);
  }
}
