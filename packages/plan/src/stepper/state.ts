import type { WireError } from "@planwire/protocol";
import type { Path } from "../tree.js";
import type { Target } from "../target.js";
import type { LeafOp } from "./leaf.js";
import { emptyFlow, type Flow } from "./source.js";

/** Everything that a stepper knows beyond its plan: plain data, the handles in it untouched. */
export interface StepperState<H> {
  phase: "new" | "running" | "failing" | "cancelling" | "ended";
  /** The plan's own input. */
  input: Flow<H>;
  /** Why it is failing. */
  error?: WireError;
  /** Elements under way that have children, by their path joined by "."; one pass of a Loop at a time. */
  frames: Map<string, Frame<H>>;
  /** Leaves started and not completed, by key. */
  leaves: Map<string, RunningLeaf<H>>;
  /** Last outputs of the nodes that edges name. */
  outputs: Map<string, Flow<H>>;
  fitted: Map<string, H>;
}

/** Where in the tree, in which passes, under which Remote. */
export interface Place {
  path: Path;
  passes: readonly number[];
  target: Target;
}

export type Frame<H> = { place: Place } & (
  | { kind: "sequence"; child: number; length: number }
  | { kind: "parallel"; arms: (ArmEnd<H> | undefined)[]; open: number }
  | { kind: "branch"; input: Flow<H> }
  | { kind: "loop"; pass: number; passes: number }
  | { kind: "remote" }
);

export type ArmEnd<H> =
  | { status: "done"; output: Flow<H> }
  | { status: "failed"; error: WireError };

export interface RunningLeaf<H> {
  place: Place;
  op: LeafOp;
  /** A node's or part's output leaves its place; a Branch's condition picks an arm. */
  role: "node" | "part" | "condition";
  nodeId?: string;
  input: Flow<H>;
}

export const ROOT: Place = { path: [], passes: [], target: undefined };

export function newState<H>(): StepperState<H> {
  return {
    phase: "new",
    input: emptyFlow(),
    frames: new Map(),
    leaves: new Map(),
    outputs: new Map(),
    fitted: new Map(),
  };
}

export function frameKeyOf(path: Path): string {
  return path.join(".");
}

export function childPlace(place: Place, index: number): Place {
  const { path, passes, target } = place;
  return { path: [...path, index], passes, target };
}
