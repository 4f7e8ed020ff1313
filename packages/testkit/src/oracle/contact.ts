import type { Fact, Peer } from "./facts.js";

interface Seen {
  readonly peer: Peer;
  diedAt: number | undefined;
  /** When the coordinator last heard it. */
  heardAt: number;
  /** When it was last silent for a lease, as far as the coordinator could tell. */
  leaseLostAt: number;
}

/** The coordinator looks at leases once a second, so each time that it stands still it may miss that much of it. */
const LOOKS_EVERY_MS = 1_000;

/** Who lives, and whom the coordinator could still hear: who is silent for a lease may be taken for dead. */
export class Contact {
  readonly #leaseMs: number;
  readonly #workers = new Map<string, Seen>();
  #startedAt = 0;
  /** How long the coordinator has stood still, in all, as far as it must have noticed. */
  #pausedMs = 0;
  readonly #pausedBefore = new Map<string, number>();

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs - LOOKS_EVERY_MS;
  }

  see(fact: Fact, mono: number): void {
    switch (fact.type) {
      case "oldConnectionEnded":
        this.#lose(fact.peer.process, mono);
        return;
      case "coordinatorDied":
        for (const { peer } of this.#workers.values())
          if (peer.kind === "old") this.#lose(peer.process, mono);
        return;
      case "workerStarted":
        this.#workers.set(fact.peer.process, {
          peer: fact.peer,
          diedAt: undefined,
          heardAt: mono,
          leaseLostAt: -1,
        });
        return;
      case "workerDied":
        this.#lose(fact.peer.process, mono);
        return;
      case "coordinatorStarted":
        for (const [process, seen] of this.#workers) {
          this.#noteSilence(seen, mono);
          this.#pausedBefore.set(process, this.#pausedMs);
        }
        this.#startedAt = mono;
        return;
      case "coordinatorPaused":
        this.#pausedMs += Math.max(0, fact.ms - LOOKS_EVERY_MS);
        return;
      case "coordinatorHears": {
        const seen = this.#workers.get(fact.peer.process) ?? this.#metOld(fact.peer, mono);
        if (seen === undefined) return;
        this.#noteSilence(seen, mono);
        seen.heardAt = mono;
        this.#pausedBefore.set(fact.peer.process, this.#pausedMs);
        return;
      }
      default:
        return;
    }
  }

  isAlive(process: string): boolean {
    const seen = this.#workers.get(process);
    return seen !== undefined && seen.diedAt === undefined;
  }

  /** Whether its process ended, or was silent for a lease, at some time since. */
  wasLostSince(process: string, since: number, mono: number): boolean {
    const seen = this.#workers.get(process);
    if (seen === undefined || seen.diedAt !== undefined) return true;
    this.#noteSilence(seen, mono);
    return seen.leaseLostAt >= since;
  }

  #lose(process: string, mono: number): void {
    const seen = this.#workers.get(process);
    if (seen !== undefined) seen.diedAt ??= mono;
  }

  /** An old worker is there from its Register on, as long as that connection stands. */
  #metOld(peer: Peer, mono: number): Seen | undefined {
    if (peer.kind !== "old") return undefined;
    const seen = { peer, diedAt: undefined, heardAt: mono, leaseLostAt: -1 };
    this.#workers.set(peer.process, seen);
    return seen;
  }

  #noteSilence(seen: Seen, mono: number): void {
    if (seen.peer.kind === "old") return; // its silence means nothing
    const from = Math.max(seen.heardAt, this.#startedAt);
    const paused = this.#pausedMs - (this.#pausedBefore.get(seen.peer.process) ?? 0);
    if (mono - from - paused >= this.#leaseMs) seen.leaseLostAt = mono;
  }
}
