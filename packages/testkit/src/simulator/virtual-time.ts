/** `nothing`: it began nothing that would have to come to its end before the next event. */
type Happening = () => unknown;
type Event = { at: number; sequence: number; run: Happening };
export const NOTHING = 'nothing';

/**
 * Time that passes only where nothing else is left to do. Events happen one at a time, in the order of their times;
 * all that one causes without waiting happens before the next.
 */
export class VirtualTime {
  #now = 0;
  #sequence = 0;
  readonly #heap: Event[] = [];
  /** How many events have happened. */
  happened = 0;

  /** Milliseconds since the beginning, with fractions. */
  get now(): number {
    return this.#now;
  }

  after(milliseconds: number, run: Happening): void {
    this.#sequence += 1;
    this.#push({ at: this.#now + milliseconds, sequence: this.#sequence, run });
  }

  pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.after(milliseconds, resolve));
  }

  /** Turns of the event loop are this time's while the work lasts: production code takes them to gather its batches. */
  async during<Result>(work: () => Promise<Result>): Promise<Result> {
    const { setImmediate } = globalThis;
    const virtual = (run: () => void) => this.after(0, run);
    globalThis.setImmediate = virtual as unknown as typeof setImmediate;
    try {
      return await work();
    } finally {
      globalThis.setImmediate = setImmediate;
    }
  }

  /** Lets events happen until the time has come. */
  async passTo(end: number): Promise<void> {
    for (let next = this.#heap[0]; next !== undefined && next.at <= end; next = this.#heap[0]) {
      this.#pop();
      this.#now = next.at;
      this.happened += 1;
      if (next.run() !== NOTHING) await settled();
    }
    this.#now = Math.max(this.#now, end);
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let index = heap.length;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as Event;
      if (!isBefore(event, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child += 1;
      const below = heap[child] as Event;
      if (!isBefore(below, last)) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = last;
  }
}

const isBefore = (a: Event, b: Event): boolean => a.at < b.at || (a.at === b.at && a.sequence < b.sequence);

/** Whatever was going to happen without waiting has happened: a tick comes when no microtask is left. */
const settled = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));
