import { randomBytes } from "node:crypto";
import { startCoordinator } from "@planwire/coordinator";
import type { FilterDefinition } from "@planwire/plan";
import { startWorker, type Worker } from "@planwire/worker";

export interface Runtime {
  readonly url: string;
  readonly token: string;
  /** Makes the workers offer these filters, on the main thread, beside those they offer. */
  offer(definitions: readonly FilterDefinition[]): Promise<void>;
  /** Whether anything of it keeps the process alive. */
  holdProcess(hold: boolean): void;
  close(): Promise<void>;
}

export interface RuntimeOptions {
  /** A module of filters that run in threads. */
  readonly filters: string | URL | undefined;
  readonly workers: number;
}

/** A coordinator (memory) and workers in this process. The token keeps others on this machine out. */
export async function startRuntime({ filters, workers }: RuntimeOptions): Promise<Runtime> {
  const token = randomBytes(24).toString("base64url");
  const coordinator = await startCoordinator({
    host: "127.0.0.1",
    port: 0,
    store: "memory",
    token,
  });
  const started: Worker[] = [];
  try {
    for (let number = 1; number <= workers; number++) {
      const worker = await startWorker({
        url: coordinator.url,
        token,
        id: `embedded-${number}`,
        filters: filters === undefined ? [] : [filters],
      });
      started.push(worker);
    }
  } catch (error) {
    await Promise.all(started.map((worker) => worker.close()));
    await coordinator.close();
    throw error;
  }
  return {
    url: coordinator.url,
    token,
    offer: (definitions) => offerTo(started, definitions),
    holdProcess: (hold) => {
      for (const handle of [coordinator, ...started]) {
        if (hold) handle.ref();
        else handle.unref();
      }
    },
    close: async () => {
      await Promise.all(started.map((worker) => worker.close()));
      await coordinator.close();
    },
  };
}

async function offerTo(
  workers: readonly Worker[],
  definitions: readonly FilterDefinition[],
): Promise<void> {
  await Promise.all(workers.map((worker) => worker.offer(definitions)));
}
