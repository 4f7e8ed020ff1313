// What is due at some time, by a binary heap: the earliest stands first, and adding or taking one costs the logarithm of how many
// there are. Each knows its place, so that what is not awaited any more leaves at once.

export interface Timer<T> {
  readonly at: number;
  readonly item: T;
  index: number;
}

export type Timers<T> = Timer<T>[];

export function addTimer<T>(timers: Timers<T>, at: number, item: T): Timer<T> {
  const timer = { at, item, index: timers.length };
  timers.push(timer);
  rise(timers, timer);
  return timer;
}

export function removeTimer<T>(timers: Timers<T>, timer: Timer<T>): void {
  if (timers[timer.index] !== timer) return;
  const last = timers.pop();
  if (!last || last === timer) return;
  place(timers, last, timer.index);
  rise(timers, last);
  sink(timers, last);
}

/** Takes the earliest out, if it is due. */
export function takeDue<T>(timers: Timers<T>, now: number): T | undefined {
  const [first] = timers;
  if (!first || first.at > now) return undefined;
  removeTimer(timers, first);
  return first.item;
}

function place<T>(timers: Timers<T>, timer: Timer<T>, index: number): void {
  timers[index] = timer;
  timer.index = index;
}

function rise<T>(timers: Timers<T>, timer: Timer<T>): void {
  for (let { index } = timer; index > 0; { index } = timer) {
    const parent = timers[(index - 1) >> 1];
    if (!parent || parent.at <= timer.at) return;
    const above = parent.index;
    place(timers, parent, index);
    place(timers, timer, above);
  }
}

function sink<T>(timers: Timers<T>, timer: Timer<T>): void {
  for (;;) {
    const { index } = timer;
    const left = timers[2 * index + 1];
    const right = timers[2 * index + 2];
    const child = right && left && right.at < left.at ? right : left;
    if (!child || child.at >= timer.at) return;
    const below = child.index;
    place(timers, child, index);
    place(timers, timer, below);
  }
}
