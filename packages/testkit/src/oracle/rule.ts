import type { Fact } from "./facts.js";

/** One thing that must always hold, judged by what can be seen from outside. */
export interface Rule {
  /** Complains, by `complain`, when what happened must not be. */
  see(fact: Fact, mono: number): void;
  /** What is still owed to somebody; nothing, once faults have stopped for long enough. */
  owed?(): Owed[];
  /** Called when nothing is owed any more. */
  atRest?(): void;
}

export interface Owed {
  readonly what: string;
  readonly planId: string | undefined;
}

/** What the oracle has to say against a story. */
export class Complaint extends Error {
  readonly planId: string | undefined;

  constructor(message: string, planId: string | undefined) {
    super(message);
    this.name = "Complaint";
    this.planId = planId;
  }
}

export function complain(message: string, planId?: string): never {
  throw new Complaint(message, planId);
}
