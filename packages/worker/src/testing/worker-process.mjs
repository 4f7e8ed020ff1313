// A worker in a process of its own: `node worker-process.mjs URL FILTERS`.
import { startWorker } from "@planwire/worker";

const [url, filters] = process.argv.slice(2);
const worker = await startWorker({ url, filters: [filters] });
process.on("SIGTERM", () => void worker.drain("SIGTERM"));
