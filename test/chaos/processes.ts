// Coordinator and workers as processes that are killed, stopped, continued and started again, each worker behind wires of its own.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { start, type Ended, type PlanwireProcess } from "../commands/planwire-process.js";
import { EFFECTS_FOLDER } from "./effects.js";
import { Outages } from "./outages.js";
import { CuttingProxy } from "./proxy.js";

const module = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
const FILTERS = ["--filters", module("filters.ts")];
const RARE_FILTERS = ["--filters", module("rare-filters.ts")];

export interface Lease {
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

/** One that a worker loses only by its end: no fault lasts as long. */
export const LONG_LEASE: Lease = { intervalMs: 1_000, timeoutMs: 60_000 };

/** A process that is started again whenever it ends, until `end`. */
abstract class Kept {
  /** The latest first. */
  readonly #lives: PlanwireProcess[] = [];
  #downMs = 0;
  #leaving = false;
  #ending = false;
  readonly starts: number[] = [];
  /** Times in which it was dead, leaving or coming up. */
  readonly downs = new Outages();
  /** Times in which it stood still. */
  readonly stops = new Outages();
  /** Ends that nobody here caused, and what was said before. */
  readonly died: string[] = [];

  abstract readonly name: string;
  protected abstract readonly args: readonly string[];
  protected abstract readonly startedLine: string;
  protected abstract readonly env: Readonly<Record<string, string>>;

  get process(): PlanwireProcess {
    const [latest] = this.#lives;
    if (!latest) throw new Error(`${this.name} was not started`);
    return latest;
  }

  get pid(): number {
    return this.process.child.pid ?? -1;
  }

  /** All that its lives said on stderr, oldest first. */
  get said(): string[] {
    return this.#lives.toReversed().flatMap(({ stderr }) => stderr.split("\n"));
  }

  /** Resolves when it is ready for the first time. */
  async start(): Promise<void> {
    void this.#keep();
    await this.process.line(this.startedLine);
  }

  /** Resolves when it is dead; it starts again after `downMs`. */
  async kill(downMs = 0): Promise<void> {
    this.#downMs = downMs;
    await this.process.stop("SIGKILL");
  }

  /** As a user ends it: it finishes what it has to. It starts again after `downMs`. */
  async leave(downMs: number): Promise<void> {
    await this.ready(); // earlier a signal would simply end it
    this.#downMs = downMs;
    this.#leaving = true;
    this.downs.begin();
    await this.process.stop("SIGTERM");
  }

  /** Resolves when it is ready again, however often it was killed before. */
  async ready(): Promise<void> {
    while (!this.process.lines().some(({ event }) => event === this.startedLine)) await sleep(20);
  }

  stop(): void {
    this.stops.begin();
    this.process.child.kill("SIGSTOP");
  }

  continue(): void {
    this.process.child.kill("SIGCONT");
    this.stops.end();
  }

  /** For good. */
  async end(signal: NodeJS.Signals): Promise<Ended> {
    this.#ending = true;
    return this.process.stop(signal);
  }

  protected ended(_life: PlanwireProcess): void {}

  async #keep(): Promise<void> {
    while (!this.#ending) {
      const life = start(this.args, { env: this.env });
      this.starts.push(Date.now());
      this.#lives.unshift(life);
      void life.line(this.startedLine).then(
        () => this.downs.end(),
        () => {}, // it ended before: the next life is on its way
      );
      const { code, stderr } = await life.ended;
      this.downs.begin();
      this.ended(life);
      const isKilled = life.child.signalCode === "SIGKILL";
      const hasLeft = this.#leaving && code === 0;
      this.#leaving = false;
      if (!isKilled && !hasLeft && !this.#ending) {
        this.died.push(`${this.name} ended by itself with code ${code}: ${stderr.slice(-2000)}`);
      }
      if (!this.#ending) await sleep(this.#downMs);
    }
  }
}

export class CoordinatorProcess extends Kept {
  readonly name = "coordinator";
  protected readonly startedLine = "listening";
  protected readonly env = {};
  readonly #store: string;
  readonly #lease: Lease;
  #port = 0;

  constructor(file: string, lease: Lease) {
    super();
    this.#store = `sqlite:${file}`;
    this.#lease = lease;
  }

  protected get args(): readonly string[] {
    const { intervalMs, timeoutMs } = this.#lease;
    const lease = ["--heartbeat", `${intervalMs}ms`, "--heartbeat-timeout", `${timeoutMs}ms`];
    const at = ["--port", String(this.#port), "--store", this.#store];
    return ["coordinator", ...at, ...lease, "--log", "info", "--json"];
  }

  get port(): number {
    return this.#port;
  }

  /** Later lives take the port of the first. */
  override async start(): Promise<void> {
    await super.start();
    const { url } = await this.process.line("listening");
    this.#port = Number(new URL(String(url)).port);
  }
}

export interface WorkerPlace {
  readonly id: string;
  readonly slots: number;
  readonly tags: readonly string[];
  /** It does not offer the filters that are rare. */
  readonly lacksRare?: boolean;
}

export class WorkerProcess extends Kept {
  readonly name: string;
  readonly place: WorkerPlace;
  readonly wires: CuttingProxy;
  protected readonly startedLine = "registered";
  protected readonly env: Readonly<Record<string, string>>;
  /** Processes of it that were killed, and when that was noticed: what they ran then may run again. */
  readonly hurt = new Map<number, number>();
  readonly #url: string;

  constructor(place: WorkerPlace, wires: CuttingProxy, { effects }: Fleet) {
    super();
    this.name = place.id;
    this.place = place;
    this.wires = wires;
    this.#url = wires.url;
    this.env = { [EFFECTS_FOLDER]: effects };
  }

  protected get args(): readonly string[] {
    const { id, slots, tags, lacksRare } = this.place;
    const work = ["--slots", String(slots), "--tags", tags.join(",")];
    const filters = lacksRare ? FILTERS : [...FILTERS, ...RARE_FILTERS];
    return ["worker", "--coordinator", this.#url, "--id", id, ...work, ...filters, "--json"];
  }

  /** Who leaves in good order leaves nothing behind. */
  protected override ended({ child }: PlanwireProcess): void {
    if (child.exitCode !== 0) this.hurt.set(child.pid ?? -1, Date.now());
  }
}

export interface FleetOptions {
  readonly lease: Lease;
  readonly workers: readonly WorkerPlace[];
}

/** Everything that one scenario runs on. */
export class Fleet {
  readonly folder = mkdtempSync(join(tmpdir(), "planwire-chaos-"));
  readonly effects = join(this.folder, "effects");
  readonly lease: Lease;
  readonly coordinator: CoordinatorProcess;
  readonly workers: WorkerProcess[] = [];
  readonly #wires: CuttingProxy[] = [];
  readonly #places: readonly WorkerPlace[];

  constructor({ lease, workers }: FleetOptions) {
    mkdirSync(this.effects);
    this.lease = lease;
    this.coordinator = new CoordinatorProcess(this.store, lease);
    this.#places = workers;
  }

  get store(): string {
    return join(this.folder, "plans.db");
  }

  async start(): Promise<void> {
    await this.coordinator.start();
    for (const place of this.#places) {
      this.workers.push(new WorkerProcess(place, await this.newWires(), this));
    }
    await Promise.all(this.workers.map((worker) => worker.start()));
  }

  async newWires(): Promise<CuttingProxy> {
    const wires = await CuttingProxy.to(this.coordinator.port);
    this.#wires.push(wires);
    return wires;
  }

  get slots(): number {
    return this.#places.reduce((sum, { slots }) => sum + slots, 0);
  }

  async end(): Promise<void> {
    await Promise.all([this.coordinator, ...this.workers].map((each) => each.end("SIGKILL")));
    await Promise.all(this.#wires.map((wires) => wires.close()));
    rmSync(this.folder, { recursive: true });
  }
}
