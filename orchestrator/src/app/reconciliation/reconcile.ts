import { Problem } from '@saga/service-kit/problem';
import type { Instant, Saga } from '../../saga/state.ts';
import { type Difference, differencesOf } from './differences.ts';
import type { Ledger, LedgerSource, Window } from './ledgers.ts';

/** What is asked about sagas to compare them with the books of others. */
export interface SagaBooks {
  /** The first id that was drawn so many days ago. */
  first(days: number): Promise<string>;
  /** At most `limit` sagas after this id, by id, and the database's clock. */
  after(id: string, limit: number): Promise<{ now: Instant; sagas: Saga[] }>;
  /** Those that exist of these. */
  some(ids: readonly string[]): Promise<Saga[]>;
}

export type Reconciled = {
  differences: Difference[];
  /** The order up to which was compared; undefined at the end. */
  next: string | undefined;
};

const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/**
 * Compares a window of orders, by id: the sagas with what each service says that stands. The system runs meanwhile:
 * the sagas are read before the ledgers and those that differ once more after them, and only what differs from both
 * is told. So an effect that came with the saga's progress, or a saga that ended in between, is no difference.
 *
 * @param limit the most sagas, and the most orders of a service, that are looked at.
 * @throws Problem 503 where a service does not answer: what was not compared is not said to agree.
 */
export async function reconcileWindow(
  sagas: SagaBooks,
  sources: readonly LedgerSource[],
  after: string,
  limit: number,
): Promise<Reconciled> {
  const before = await sagas.after(after, limit);
  const isLast = before.sagas.length < limit;
  const asked = { after, upTo: isLast ? LAST_ID : (before.sagas.at(-1)?.id ?? LAST_ID) };
  const ledgers = new Map(
    await Promise.all(sources.map(async (source) => [source.service, await source.effects(asked, limit)] as const)),
  );
  const window = within(asked, [...ledgers.values()], limit);
  const first = await compare(before, ledgers, window);
  const suspects = [...new Set(first.flatMap(({ orderId }) => orderId ?? []))];
  const second = suspects.length === 0 ? [] : await lookAgain(sagas, ledgers, suspects, before.now);
  return {
    differences: first.filter((one) => second.some((other) => isSame(one, other))),
    next: window.upTo === LAST_ID ? undefined : window.upTo,
  };
}

/** A ledger that is as full as it may be was cut off: what comes after its last order has not been read. */
function within({ after, upTo }: Window, ledgers: readonly Ledger[], limit: number): Window {
  const ends = ledgers.flatMap((ledger) => (ledger.size < limit ? [] : ([...ledger.keys()].at(-1) ?? [])));
  return { after, upTo: [upTo, ...ends].sort()[0] ?? upTo };
}

type Read = { now: Instant; sagas: readonly Saga[] };

function compare({ now, sagas }: Read, ledgers: ReadonlyMap<string, Ledger>, { upTo }: Window): Difference[] {
  const byId = new Map(sagas.map((saga) => [saga.id, saga]));
  const ids = new Set([...byId.keys(), ...[...ledgers.values()].flatMap((ledger) => [...ledger.keys()])]);
  return [...ids]
    .filter((orderId) => orderId <= upTo)
    .sort()
    .flatMap((orderId) => differencesOf({ orderId, saga: byId.get(orderId), ledgers, now }));
}

async function lookAgain(
  sagas: SagaBooks,
  ledgers: ReadonlyMap<string, Ledger>,
  orderIds: readonly string[],
  now: Instant,
): Promise<Difference[]> {
  const byId = new Map((await sagas.some(orderIds)).map((saga) => [saga.id, saga]));
  return orderIds.flatMap((orderId) => differencesOf({ orderId, saga: byId.get(orderId), ledgers, now }));
}

const isSame = (one: Difference, other: Difference): boolean =>
  one.orderId === other.orderId && one.service === other.service && one.code === other.code;

/**
 * What of the services' own does not add up: each sees its books at one moment. Books that are too large to be added up
 * are told as such: order by order they can still be compared.
 */
export const faultsOf = async (sources: readonly LedgerSource[]): Promise<Difference[]> =>
  (await Promise.all(sources.map(sumsOf))).flat();

async function sumsOf(source: LedgerSource): Promise<Difference[]> {
  const { service } = source;
  try {
    const faults = await source.faults();
    return faults.map(({ subject, message }) => ({
      orderId: null,
      service,
      code: 'SUMS',
      message: `${subject} does not add up in ${service}: ${message}; find out who changed it, and set it right`,
    }));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const message = `whether the sums of ${service} add up is not known, its orders are compared all the same: ${error.message}; ask again at a quiet time`;
    return [{ orderId: null, service, code: 'SUMS_UNKNOWN', message }];
  }
}
