import { resolve } from "node:path";
import { GroupCommit } from "./group-commit.js";
import { StoreLink } from "./sqlite-link.js";
import { packWrites } from "./sqlite-packed-writes.js";
import { decodeExecution } from "./sqlite-values.js";
import type {
  ListPage,
  ListQuery,
  Opened,
  PruneQuery,
  Store,
  StoredExecution,
  StoredOffer,
  Write,
  WriteAnswer,
} from "./store.js";
import { alreadyOpen, storeClosed } from "./store-errors.js";

/**
 * Keeps executions in one SQLite file, written by a thread of its own. The file is made when missing (its folder, too)
 * and upgraded when old; whatever keeps it from being opened is STORE_UNAVAILABLE from `open`.
 */
export function sqliteStore(file: string): Store {
  return new SqliteStore(resolve(file));
}

/** Executions that are fetched at a time when the store opens. */
const PAGE = 500;

interface Running {
  readonly link: StoreLink;
  readonly commits: GroupCommit;
}

class SqliteStore implements Store {
  readonly #path: string;
  #running: Running | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async open(): Promise<Opened> {
    if (this.#running) throw alreadyOpen();
    const link = new StoreLink(this.#path);
    const commits = new GroupCommit((encoded) => {
      const { writes, moved } = packWrites(encoded);
      return link.ask("commit", writes, moved);
    });
    this.#running = { link, commits };
    try {
      const { live, ...opened } = await link.ask("open", undefined);
      return { ...opened, live: await fetchAll(link, live) };
    } catch (error) {
      this.#running = undefined;
      await link.stop();
      throw error;
    }
  }

  commit(writes: readonly Write[], answer: (answers: readonly WriteAnswer[]) => void): void {
    if (this.#running) this.#running.commits.add(writes, answer);
    else answer(writes.map(() => ({ type: "failed", reason: storeClosed().message })));
  }

  async get(planId: string): Promise<StoredExecution | undefined> {
    const [found] = await this.#link().ask("get", [planId]);
    return found && decodeExecution(found);
  }

  async list(query: ListQuery): Promise<ListPage> {
    return this.#link().ask("list", query);
  }

  async prune(query: PruneQuery): Promise<number> {
    return this.#link().ask("prune", query);
  }

  async rememberOffers(offers: readonly StoredOffer[], most: number): Promise<void> {
    await this.#link().ask("rememberOffers", { offers, most });
  }

  async close(): Promise<void> {
    if (!this.#running) return;
    const { link, commits } = this.#running;
    this.#running = undefined;
    try {
      await commits.settled();
      await link.ask("close", undefined);
    } finally {
      await link.stop();
    }
  }

  #link(): StoreLink {
    if (!this.#running) throw storeClosed();
    return this.#running.link;
  }
}

async function fetchAll(link: StoreLink, planIds: readonly string[]): Promise<StoredExecution[]> {
  const executions: StoredExecution[] = [];
  for (let from = 0; from < planIds.length; from += PAGE) {
    const page = await link.ask("get", planIds.slice(from, from + PAGE));
    executions.push(...page.filter((found) => found !== undefined).map(decodeExecution));
  }
  return executions;
}
