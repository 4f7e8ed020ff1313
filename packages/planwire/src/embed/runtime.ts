import { randomBytes } from "node:crypto";
import { startCoordinator, type Coordinator } from "@planwire/coordinator";
import type { FilterDefinition } from "@planwire/plan";
import { startWorker, type Worker } from "@planwire/worker";
import { PlanFilters } from "./plan-filters.js";

export interface RuntimeOptions {
  /** A module of filters that run in threads. */
  readonly filters: string | URL | undefined;
  readonly workers: number;
}

/** A coordinator (memory) and workers in this process. */
export class Runtime {
  readonly url: string;
  readonly token: string;
  readonly #coordinator: Coordinator;
  readonly #workers: readonly Worker[];
  readonly #planFilters = new PlanFilters(async (definitions) => {
    await Promise.all(this.#workers.map((worker) => worker.offer(definitions)));
  });
  #isBusy = true;
  #offering = 0;

  private constructor(coordinator: Coordinator, workers: readonly Worker[], token: string) {
    this.#coordinator = coordinator;
    this.#workers = workers;
    this.url = coordinator.url;
    this.token = token;
  }

  /** The token keeps other processes of this machine out. */
  static async start({ filters, workers }: RuntimeOptions): Promise<Runtime> {
    const token = randomBytes(24).toString("base64url");
    const coordinator = await startCoordinator({
      host: "127.0.0.1",
      port: 0,
      store: "memory",
      token,
      log: false,
    });
    const started: Worker[] = [];
    try {
      for (let number = 1; number <= workers; number++) {
        const { url } = coordinator;
        const id = `embedded-${number}`;
        const modules = filters === undefined ? [] : [filters];
        started.push(await startWorker({ url, token, id, filters: modules }));
      }
    } catch (error) {
      await stop(started, coordinator);
      throw error;
    }
    return new Runtime(coordinator, started, token);
  }

  /** Makes the workers offer the filters that a plan holds, on the main thread. */
  async offer(definitions: readonly FilterDefinition[]): Promise<void> {
    const isIdle = !this.#isBusy && this.#offering === 0;
    this.#offering++;
    this.#holdProcess();
    try {
      await this.#planFilters.take(definitions, isIdle);
    } finally {
      this.#offering--;
      this.#holdProcess();
    }
  }

  /** Whether the client waits for anything. */
  setBusy(isBusy: boolean): void {
    this.#isBusy = isBusy;
    this.#holdProcess();
  }

  async close(): Promise<void> {
    this.setBusy(true); // whoever waits for the end must not lose the process to wait in
    await stop(this.#workers, this.#coordinator);
  }

  /** An idle runtime keeps no process alive. */
  #holdProcess(): void {
    const hold = this.#isBusy || this.#offering > 0;
    for (const part of [this.#coordinator, ...this.#workers]) {
      if (hold) part.ref();
      else part.unref();
    }
  }
}

async function stop(workers: readonly Worker[], coordinator: Coordinator): Promise<void> {
  await Promise.all(workers.map((worker) => worker.close()));
  await coordinator.close();
}
