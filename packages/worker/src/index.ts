export type { WorkerLifeEvent } from "./core/effect.js";
export { startWorker, type Worker, type WorkerOptions } from "./start-worker.js";
