import type { Write } from "@planwire/coordinator/core";
import type { Fact } from "../oracle/facts.js";
import type { Chance } from "./chance.js";
import type { Clock } from "./clock.js";
import type { Coverage } from "./coverage.js";
import type { SimDisk } from "./disk.js";
import type { Network } from "./network.js";
import type { CoordinatorLike, CoordinatorOpened, StepClient, WorkerLike } from "./drives.js";
import type { StoryLog } from "./story-log.js";

/** What all processes of a story share. */
export interface World {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: StoryLog;
  readonly net: Network;
  readonly disk: SimDisk;
  readonly coverage: Coverage;
  readonly plant: Plant;
  /** Tells the oracle what can be seen from outside; throws when that must not be. */
  readonly witness: (fact: Fact) => void;
}

/** A fault planted on purpose: each part stands between a core and its shell. */
export interface Plant {
  readonly coordinator?: (core: CoordinatorLike) => CoordinatorLike;
  /** What a restarted coordinator finds. */
  readonly opened?: (opened: CoordinatorOpened) => CoordinatorOpened;
  /** Which writes a commit is synced for. */
  readonly needsSync?: (write: Write) => boolean;
  readonly worker?: (core: WorkerLike) => WorkerLike;
  readonly client?: (step: StepClient) => StepClient;
}
