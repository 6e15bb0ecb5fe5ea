import { ORDER_STEP } from '@saga/messages/ids';
import type { LedgerEffect } from '@saga/service-kit/ledger';
import { type Instant, type Run, runsOf, type Saga } from '../../saga/state.ts';
import type { Ledger } from './ledgers.ts';

/** Two services that say different things; the message names them, says what each says, and what to do. */
export type Difference = {
  /** null where it is no single order's. */
  orderId: string | null;
  service: string;
  code: DifferenceCode;
  message: string;
};

export const differenceCodes = [
  'ORDER_WITHOUT_SAGA',
  'SAGA_WITHOUT_ORDER',
  'ORDER_STATUS',
  'EFFECT_WITHOUT_SAGA',
  'EFFECT_NOT_ASKED_FOR',
  'EFFECT_REFUSED',
  'EFFECT_NOT_UNDONE',
  'EFFECT_TOO_MANY',
  'EFFECT_DIFFERS',
  'EFFECT_NOT_SETTLED',
  'EFFECT_MISSING',
  'SUMS',
  'SUMS_UNKNOWN',
] as const;
export type DifferenceCode = (typeof differenceCodes)[number];

/** What follows an order's end by itself, or comes before its saga, has long happened by then. */
const SETTLED_AFTER_MS = 60_000;

/** How an order may stand while its saga stands so. The order hears of the end first. */
const AGREEING: Readonly<Record<Saga['status'], readonly string[]>> = {
  RUNNING: ['PENDING', 'COMPLETED'],
  COMPENSATING: ['PENDING', 'CANCELLED'],
  COMPLETED: ['COMPLETED'],
  COMPENSATED: ['CANCELLED'],
};

/** One order in all books, read at some moment. */
export type Books = {
  orderId: string;
  /** Undefined where the orchestrator has none. */
  saga: Saga | undefined;
  /** By service. */
  ledgers: ReadonlyMap<string, Ledger>;
  now: Instant;
};

/** Everything in which the books do not agree about one order. Pure. */
export function differencesOf(books: Books): Difference[] {
  return [...books.ledgers].flatMap(([service, ledger]) => {
    const effects = ledger.get(books.orderId) ?? [];
    const found = service === ORDER_STEP ? aboutOrder(books, effects[0]) : aboutEffects(books, service, effects);
    return found.map(([code, message]) => ({ orderId: books.orderId, service, code, message }));
  });
}

type Found = [DifferenceCode, string];

function aboutOrder({ orderId, saga, now }: Books, order: LedgerEffect | undefined): Found[] {
  if (!saga) {
    const isNew = order?.status === 'PENDING' && now - createdAt(orderId) < SETTLED_AFTER_MS;
    if (!order || isNew) return [];
    const says = `order ${orderId} is ${order.status} in the order service, and the orchestrator has no saga of it`;
    const todo =
      order.status === 'PENDING'
        ? 'it is announced again by itself; if that does not help, look for its order-created in the dead letters and redrive it'
        : 'its saga and journal were removed: compare the other services by hand, and restore them from a backup';
    return [['ORDER_WITHOUT_SAGA', `${says}: ${todo}`]];
  }
  if (!order) {
    const says = `order ${orderId} is not known to the order service, and its saga is ${saga.status}`;
    return [['SAGA_WITHOUT_ORDER', `${says}: restore the order from a backup, or cancel the saga if it is still open`]];
  }
  if (AGREEING[saga.status].includes(order.status)) return [];
  const says = `order ${orderId} is ${order.status} in the order service, and its saga is ${saga.status}`;
  return [['ORDER_STATUS', `${says}: look at /sagas/${orderId}/history, and set right which of the two is wrong`]];
}

function aboutEffects(books: Books, service: string, effects: readonly LedgerEffect[]): Found[] {
  const { orderId, saga } = books;
  if (!saga)
    return effects.map((effect) => [
      'EFFECT_WITHOUT_SAGA',
      `order ${orderId}: ${said(service, effect)}, and the orchestrator has no saga of it: undo it by hand`,
    ]);
  const runs = runsOf(saga.steps[service] ?? { status: 'WAITING' });
  const standing = new Set(effects.map(({ actionId }) => actionId));
  return [
    ...effects.flatMap((effect) => aboutEffect(books, saga, runs, service, effect)),
    ...runs
      .filter(({ action, compensation }) => action.answer?.outcome === 'success' && !compensation)
      .filter(({ action }) => !standing.has(action.commandId))
      .map(
        ({ action }): Found => [
          'EFFECT_MISSING',
          `order ${orderId}: ${service} holds nothing of ${action.commandId}, and its saga, ${saga.status}, was told ` +
            'that it succeeded: find out who removed it, and restore it',
        ],
      ),
  ];
}

function aboutEffect(
  { orderId, now }: Books,
  saga: Saga,
  runs: readonly Run[],
  service: string,
  effect: LedgerEffect,
): Found[] {
  const run = runs.find(({ action }) => action.commandId === effect.actionId);
  const says = `order ${orderId}: ${said(service, effect)}`;
  if (!run) return [['EFFECT_NOT_ASKED_FOR', `${says}, and its saga never asked for it: undo it by hand`]];
  const { action, compensation } = run;
  if (action.answer?.outcome === 'rejected')
    return [['EFFECT_REFUSED', `${says}, and its saga was told that it was refused: undo it by hand`]];
  if (compensation?.answer?.outcome === 'success') {
    // An operator has said that it was undone outside of these books.
    if ('forcedBy' in compensation.answer.reply) return [];
    return [['EFFECT_NOT_UNDONE', `${says}, and its saga was told that it was undone: undo it by hand`]];
  }
  if (saga.status === 'COMPLETED' && (run !== runs.at(-1) || action.answer === undefined))
    return [['EFFECT_TOO_MANY', `${says}, which its completed saga gave up for another: undo it by hand`]];
  return [...differing(says, action, effect), ...unsettled(says, saga, now, effect)];
}

function differing(says: string, { answer }: Run['action'], effect: LedgerEffect): Found[] {
  if (answer?.outcome !== 'success') return [];
  return Object.entries(effect.reply)
    .filter(([name, value]) => answer.reply[name] !== value)
    .map(([name, value]) => [
      'EFFECT_DIFFERS',
      `${says} with ${name} ${value}, and its saga was told ${name} ${answer.reply[name]}: set right which is wrong`,
    ]);
}

function unsettled(says: string, { status, endedAt = 0 }: Saga, now: Instant, effect: LedgerEffect): Found[] {
  const isLate = status === 'COMPLETED' && !effect.isSettled && now - endedAt > SETTLED_AFTER_MS;
  const todo = 'see whether the service lags, or publish its order-processed again';
  return isLate ? [['EFFECT_NOT_SETTLED', `${says}, not settled, and its saga is ${status}: ${todo}`]] : [];
}

const said = (service: string, { actionId, status }: LedgerEffect): string => `${service} holds ${actionId} ${status}`;

/** An order's id begins with the milliseconds since the epoch (UUIDv7). */
const createdAt = (orderId: string): Instant => Number.parseInt(orderId.replace('-', '').slice(0, 12), 16);
