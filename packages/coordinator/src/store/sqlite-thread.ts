// The thread that holds the file: answers one question after the other.
import { parentPort, workerData } from "node:worker_threads";
import { isPlanwireError } from "@planwire/protocol/errors";
import { buffersOfExecutions } from "./sqlite-buffers.js";
import { storeUnavailable } from "./sqlite-errors.js";
import { openFile, type StoreFile } from "./sqlite-file.js";
import type { Answer, Question, Reply, ReplyError, Topic } from "./sqlite-messages.js";
import { SqliteOffers } from "./sqlite-offers.js";
import { unpackWrites } from "./sqlite-packed-writes.js";
import { SqlitePrunes } from "./sqlite-prunes.js";
import { SqliteReads } from "./sqlite-reads.js";
import { SqliteWrites } from "./sqlite-writes.js";
import { storeClosed } from "./store-errors.js";

interface OpenStore {
  readonly file: StoreFile;
  readonly writes: SqliteWrites;
  readonly reads: SqliteReads;
  readonly prunes: SqlitePrunes;
  readonly offers: SqliteOffers;
}

interface Answered {
  readonly answer: Answer<Topic>;
  /** Buffers that go over to the other thread instead of being copied. */
  readonly moved?: ArrayBuffer[];
}

const { path } = workerData as { path: string };
let store: OpenStore | undefined;

parentPort?.on("message", (question: Question) => {
  const { id } = question;
  try {
    const { answer, moved = [] } = answerTo(question);
    reply({ id, answer }, moved);
  } catch (error) {
    reply({ id, error: replyError(error) }, []);
  }
});

function reply(message: Reply, moved: ArrayBuffer[]): void {
  parentPort?.postMessage(message, moved);
}

function answerTo(question: Question): Answered {
  switch (question.topic) {
    case "open":
      return { answer: open() };
    case "commit":
      return { answer: opened().writes.commit(unpackWrites(question.ask)) };
    case "get":
      return get(question.ask);
    case "list":
      return { answer: opened().reads.list(question.ask) };
    case "prune":
      return { answer: opened().prunes.prune(question.ask) };
    case "rememberOffers":
      opened().offers.remember(question.ask.offers, question.ask.most);
      return { answer: undefined };
    case "close":
      store?.file.close();
      store = undefined;
      return { answer: undefined };
  }
}

function open(): Answer<"open"> {
  const file = openFile(path);
  const reads = new SqliteReads(file.db);
  const { db } = file;
  const { totals } = reads;
  const offers = new SqliteOffers(db);
  store = {
    file,
    reads,
    writes: new SqliteWrites(db, totals),
    prunes: new SqlitePrunes(db, totals),
    offers,
  };
  const { historyId, boot } = file;
  return { historyId, boot, live: reads.live(), offered: offers.all() };
}

function get(planIds: readonly string[]): Answered {
  const { reads } = opened();
  const answer = planIds.map((planId) => reads.get(planId));
  return { answer, moved: buffersOfExecutions(answer) };
}

function opened(): OpenStore {
  if (!store) throw storeClosed();
  return store;
}

function replyError(error: unknown): ReplyError {
  const known =
    isPlanwireError(error, "STORE_UNAVAILABLE") || isPlanwireError(error, "PLAN_UNKNOWN")
      ? error
      : storeUnavailable(path, error);
  const { code, message, hint, retryable } = known;
  return { code, message, hint, retryable };
}
