import type { FreeWorkers } from "./free-workers.js";
import type { Part, WorkerSession } from "./state.js";

/** What a worker must have to run a part. */
export interface Needs {
  /** Of their lane: the same needs have the same. */
  readonly key: string;
  readonly worker: string | undefined;
  readonly tag: string | undefined;
  /** Filters, by name or name@version, that a worker of ours must offer; undefined when none of ours can run it. */
  readonly ours: readonly string[] | undefined;
  /** Whether a peer of the inherited wire may run it. */
  readonly inherited: boolean;
}

/** All queued parts with the same needs. */
export interface Lane {
  readonly needs: Needs;
  /** In order of arrival. A Set, because taking the first of a long array moves all others. */
  readonly queue: Set<Part>;
  /** Parts that came back from a lost worker, by order; they go first. */
  readonly returned: Part[];
  /** Groups of workers that meet the needs; none where they name a worker. */
  readonly groups: Set<WorkerGroup>;
}

/** Workers that offer the same filters; or those of them that have one tag. */
export interface WorkerGroup {
  readonly key: string;
  readonly inherited: boolean;
  readonly filters: ReadonlySet<string>;
  readonly members: Set<WorkerSession>;
  readonly free: FreeWorkers;
  /** In which something waits that the members may take. */
  readonly lanes: Set<Lane>;
  /** Those of the members that have a tag, by tags that lanes asked for. */
  readonly tagged: Map<string, WorkerGroup>;
}
