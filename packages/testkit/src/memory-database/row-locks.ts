import { DatabaseFault } from './database-fault.ts';

type Waiting<Owner> = { owner: Owner; resolve: () => void; reject: (fault: DatabaseFault) => void };
type Lock<Owner> = { holder: Owner; waiting: Waiting<Owner>[] };

/** Who may write which row: one at a time, the others in the order of their coming. A circle of waiting is refused. */
export class RowLocks<Owner> {
  readonly #locks = new Map<string, Lock<Owner>>();
  readonly #waitsFor = new Map<Owner, string>();

  /** How often one had to wait for another. */
  waits = 0;

  /** How many wait at the moment. */
  get waiting(): number {
    return this.#waitsFor.size;
  }

  tryAcquire(row: string, owner: Owner): boolean {
    const lock = this.#locks.get(row);
    if (lock) return lock.holder === owner;
    this.#locks.set(row, { holder: owner, waiting: [] });
    return true;
  }

  /** @throws DatabaseFault deadlock_detected, where the holder waits, by whatever way, for this owner. */
  async acquire(row: string, owner: Owner): Promise<void> {
    if (this.tryAcquire(row, owner)) return;
    const lock = this.#locks.get(row);
    if (!lock) return;
    if (this.#waitsInTheEndFor(lock.holder, owner)) throw new DatabaseFault('40P01', `deadlock over ${row}`);
    this.#waitsFor.set(owner, row);
    this.waits += 1;
    await new Promise<void>((resolve, reject) => lock.waiting.push({ owner, resolve, reject }));
  }

  /** Everything that the owner holds, and whatever it waits for. */
  release(owner: Owner): void {
    this.#waitsFor.delete(owner);
    for (const [row, lock] of this.#locks) {
      lock.waiting = lock.waiting.filter((each) => each.owner !== owner);
      if (lock.holder === owner) this.#handOver(row, lock);
    }
  }

  #handOver(row: string, lock: Lock<Owner>): void {
    const next = lock.waiting.shift();
    if (!next) {
      this.#locks.delete(row);
      return;
    }
    lock.holder = next.owner;
    this.#waitsFor.delete(next.owner);
    next.resolve();
  }

  #waitsInTheEndFor(holder: Owner, owner: Owner): boolean {
    for (let each: Owner | undefined = holder; each !== undefined; ) {
      if (each === owner) return true;
      const row = this.#waitsFor.get(each);
      each = row === undefined ? undefined : this.#locks.get(row)?.holder;
    }
    return false;
  }
}
