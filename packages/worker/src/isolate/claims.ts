/**
 * How many calls a thread may be given ahead. (Measured, a worker's time for one small call with 256 under way on two cores: 67 microseconds
 * without, 44 with 2, 38 with 4, 34 with 8, 31 with 16. The more, the more there is to take back when a call turns out to be long.)
 */
export const MOST_AHEAD = 8;

/** What lies in a cell while its call is nobody's. */
export interface Claim {
  readonly cell: number;
  readonly ticket: number;
}

const CLAIMED = 0;

/** Both sides ask this of a call ahead, and one of them gets true: the thread, which then runs it, or the pool, which has it back. */
export function claim(cells: Int32Array, { cell, ticket }: Claim): boolean {
  return Atomics.compareExchange(cells, cell, ticket, CLAIMED) === ticket;
}

/**
 * The pool's side of the memory that it shares with one thread. Each offer has a ticket of its own: a cell can be used again as soon as the
 * pool has a call back, though the thread has yet to come across the old offer.
 */
export class Claims {
  /** One more than calls ahead: the one that runs keeps its cell, which its thread may not have looked at yet. */
  readonly cells = new Int32Array(new SharedArrayBuffer((MOST_AHEAD + 1) * 4));
  readonly #free = [...this.cells.keys()];
  #lastTicket = 0;

  offer(): Claim {
    const cell = this.#free.pop();
    if (cell === undefined) throw new RangeError("more calls ahead than cells");
    this.#lastTicket = (this.#lastTicket % 0x7fff_ffff) + 1;
    Atomics.store(this.cells, cell, this.#lastTicket);
    return { cell, ticket: this.#lastTicket };
  }

  takeBack(offer: Claim): boolean {
    if (!claim(this.cells, offer)) return false;
    this.release(offer);
    return true;
  }

  /** Its call is answered. */
  release({ cell }: Claim): void {
    this.#free.push(cell);
  }
}
