import type { Clock, Now } from "./clock.js";

/**
 * What a process has of time and life. While it is paused (SIGSTOP) nothing of it happens: its timers fire late, what comes for it waits,
 * and its sockets stay open. Once it is dead nothing of it happens any more.
 */
export class SimProcess {
  readonly clock: Clock;
  isAlive = true;
  isPaused = false;
  #backlog: (() => void)[] = [];

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get now(): Now {
    return this.clock.now;
  }

  after(ms: number, run: () => void): void {
    this.clock.after(ms, () => this.run(run));
  }

  /** Now, or when the process goes on. */
  run(run: () => void): void {
    if (!this.isAlive) return;
    if (this.isPaused) this.#backlog.push(run);
    else run();
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    const backlog = this.#backlog;
    this.#backlog = [];
    for (const run of backlog) this.run(run);
  }

  die(): void {
    this.isAlive = false;
    this.#backlog = [];
  }
}

/** One timer, set anew each time. */
export class SimTimer {
  readonly #process: SimProcess;
  readonly #fire: () => void;
  #setting = 0;

  constructor(process: SimProcess, fire: () => void) {
    this.#process = process;
    this.#fire = fire;
  }

  set(mono: number | undefined): void {
    const setting = ++this.#setting;
    if (mono === undefined) return;
    this.#process.after(Math.max(0, Math.ceil(mono - this.#process.now.mono)), () => {
      if (setting === this.#setting) this.#fire();
    });
  }
}
