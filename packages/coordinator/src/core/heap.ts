// Binary heaps: what comes first stands first, and adding or taking one costs the logarithm of how many there are. Each entry knows its
// place, so that what is not wanted any more leaves at once.

export interface Placed {
  index: number;
}

export type ComesBefore<T> = (one: T, other: T) => boolean;

export function addToHeap<T extends Placed>(heap: T[], entry: T, before: ComesBefore<T>): void {
  entry.index = heap.length;
  heap.push(entry);
  rise(heap, entry, before);
}

export function removeFromHeap<T extends Placed>(
  heap: T[],
  entry: T,
  before: ComesBefore<T>,
): void {
  if (heap[entry.index] !== entry) return;
  const last = heap.pop();
  if (!last || last === entry) return;
  place(heap, last, entry.index);
  moveInHeap(heap, last, before);
}

/** To be called when what an entry is ordered by has changed. */
export function moveInHeap<T extends Placed>(heap: T[], entry: T, before: ComesBefore<T>): void {
  rise(heap, entry, before);
  sink(heap, entry, before);
}

function place<T extends Placed>(heap: T[], entry: T, index: number): void {
  heap[index] = entry;
  entry.index = index;
}

function rise<T extends Placed>(heap: T[], entry: T, before: ComesBefore<T>): void {
  for (let { index } = entry; index > 0; { index } = entry) {
    const parent = heap[(index - 1) >> 1];
    if (!parent || !before(entry, parent)) return;
    const above = parent.index;
    place(heap, parent, index);
    place(heap, entry, above);
  }
}

function sink<T extends Placed>(heap: T[], entry: T, before: ComesBefore<T>): void {
  for (;;) {
    const { index } = entry;
    const left = heap[2 * index + 1];
    const right = heap[2 * index + 2];
    const child = right && left && before(right, left) ? right : left;
    if (!child || !before(child, entry)) return;
    const below = child.index;
    place(heap, child, index);
    place(heap, entry, below);
  }
}
