// Preloaded (`--import`) into a process that is measured: answers `{measure: n}` over IPC with what the process holds after a garbage
// collection of every thread of it. The inspector reaches threads that the program under test started by itself, unchanged.
import { Session } from "node:inspector";
import { isMainThread } from "node:worker_threads";

const ANSWER_WITHIN_MS = 5_000;

/** @typedef {{ rssBytes: number, heapBytes: number[], resources: number }} Memory `heapBytes`: of each thread, the main one first */

if (isMainThread && process.send !== undefined) {
  const session = new Session();
  session.connect();
  const threads = followThreads(session);
  process.on("message", (/** @type {{ measure?: number }} */ { measure }) => {
    if (measure === undefined) return;
    void memoryNow(session, threads).then((memory) =>
      process.send?.({ measured: measure, memory }),
    );
  });
  // The question of a parent keeps nobody alive.
  process.channel?.unref();
}

/** @returns {Promise<Memory>} */
async function memoryNow(/** @type {Session} */ session, /** @type {Threads} */ threads) {
  const main = heapAfterCollection((method) => post(session, method));
  const others = [...threads.ids].map((id) =>
    heapAfterCollection((method) => threads.ask(id, method)),
  );
  const heapBytes = (await Promise.all([main, ...others])).filter((bytes) => bytes > 0);
  const resources = process.getActiveResourcesInfo().length;
  return { rssBytes: process.memoryUsage.rss(), heapBytes, resources };
}

/** 0 for a thread that ended meanwhile, or that a filter blocks. */
async function heapAfterCollection(/** @type {(method: string) => Promise<any>} */ ask) {
  await ask("HeapProfiler.collectGarbage");
  const usage = await ask("Runtime.getHeapUsage");
  return usage?.usedSize ?? 0;
}

/** @returns {Promise<any>} */
function post(/** @type {Session} */ session, /** @type {string} */ method, params = {}) {
  return new Promise((resolve) => {
    session.post(method, params, (_error, result) => resolve(result));
  });
}

/** @typedef {{ ids: Set<string>, ask: (id: string, method: string) => Promise<any> }} Threads */

/** @returns {Threads} */
function followThreads(/** @type {Session} */ session) {
  const ids = new Set();
  const waiting = new Map();
  let lastQuestion = 0;
  session.on("NodeWorker.attachedToWorker", ({ params }) => ids.add(params.sessionId));
  session.on("NodeWorker.detachedFromWorker", ({ params }) => ids.delete(params.sessionId));
  session.on("NodeWorker.receivedMessageFromWorker", ({ params }) => {
    const { id, result } = JSON.parse(params.message);
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  session.post("NodeWorker.enable", { waitForDebuggerOnStart: false });
  return {
    ids,
    ask: (sessionId, method) =>
      new Promise((resolve) => {
        const id = ++lastQuestion;
        waiting.set(id, resolve);
        setTimeout(() => resolve(undefined), ANSWER_WITHIN_MS).unref();
        const message = JSON.stringify({ id, method });
        session.post("NodeWorker.sendMessageToWorker", { sessionId, message });
      }),
  };
}
