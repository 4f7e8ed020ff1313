import { addToHeap, removeFromHeap, type Placed } from "./heap.js";

/** What is due at some time: the earliest stands first. */
export interface Timer<T> extends Placed {
  readonly at: number;
  readonly item: T;
}

export type Timers<T> = Timer<T>[];

export function addTimer<T>(timers: Timers<T>, at: number, item: T): Timer<T> {
  const timer = { at, item, index: 0 };
  addToHeap(timers, timer, isEarlier);
  return timer;
}

export function removeTimer<T>(timers: Timers<T>, timer: Timer<T>): void {
  removeFromHeap(timers, timer, isEarlier);
}

/** Takes the earliest out, if it is due. */
export function takeDue<T>(timers: Timers<T>, now: number): T | undefined {
  const [first] = timers;
  if (!first || first.at > now) return undefined;
  removeTimer(timers, first);
  return first.item;
}

function isEarlier<T>(one: Timer<T>, other: Timer<T>): boolean {
  return one.at < other.at;
}
