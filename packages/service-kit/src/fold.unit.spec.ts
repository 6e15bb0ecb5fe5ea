import { failedFactId, finalFactId, processedId, stateChangeId } from '@saga/messages/ids';
import type { Message } from '@saga/messages/message';
import { action, compensation, orderProcessed } from '@saga/testkit/message-builders';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { failedReply, fold, type InboxEntry } from './fold.ts';
import { byKey, type Participant, rejected } from './participant.ts';

/** The smallest participant that has everything: purses, what was taken from them, and what it was told. */
type Purse = { userId: number; coins: number };
type Taking = { actionId: string; userId: number; coins: number; standing: boolean };
type Till = { takings: Taking; purses: Purse; notes: { orderId: string }; names: { productId: number; name: string } };

const till: Participant<Till> = {
  service: 'till',
  actions: {
    'deduct-balance-command': ({ purses }, { envelope, body: { orderId, userId, amount } }) => {
      const purse = purses.get(userId);
      if (!purse || purse.coins < amount) return rejected('INSUFFICIENT_BALANCE', 'not enough');
      const coins = purse.coins - amount;
      return {
        outcome: 'success',
        reply: { paymentId: envelope.id, amount, balanceAfter: coins },
        changes: {
          takings: [{ actionId: envelope.id, userId, coins: amount, standing: true }],
          purses: [{ userId, coins }],
        },
        announce: [
          { topic: 'order-cancel-requested', id: processedId(orderId), body: { orderId, reason: 'for the test' } },
        ],
      };
    },
  },
  compensations: {
    'refund-balance-command': ({ takings, purses }, { envelope }) => {
      const taking = takings.get(envelope.actionId ?? '');
      const purse = purses.get(taking?.userId ?? 0);
      if (!taking?.standing || !purse) return 'nothing';
      return {
        takings: [{ ...taking, standing: false }],
        purses: [{ ...purse, coins: purse.coins + taking.coins }],
      };
    },
  },
  listeners: { 'order-processed': (_rows, { body: { orderId } }) => ({ notes: [{ orderId }] }) },
  projections: { 'product-changed': (_rows, { body: { productId, name } }) => ({ names: [{ productId, name }] }) },
  keys: {
    takings: (taking) => taking.actionId,
    purses: (purse) => purse.userId,
    notes: (note) => note.orderId,
    names: (product) => product.productId,
  },
  load: () => Promise.reject(new Error('the fold loads nothing')),
  save: () => Promise.reject(new Error('the fold saves nothing')),
};

const now = new Date('2026-01-31T12:00:00Z');
const orderId = '01980000-0000-7000-8000-000000000001';
const take = (amount: number, order = orderId) =>
  action('deduct-balance-command', { orderId: order, userId: 1, amount });
const giveBack = (taken: Message, generation = 0) => compensation('refund-balance-command', taken, { generation });

const purseOf = (coins: number, takings: Taking[] = []) => ({
  takings: byKey(takings, till.keys.takings),
  purses: byKey([{ userId: 1, coins }], till.keys.purses),
  notes: new Map(),
  names: new Map(),
});
const empty: ReadonlyMap<string, InboxEntry> = new Map();
const outcomesOf = (messages: readonly Message[]) =>
  messages.flatMap(({ body }) => ('outcome' in body ? [body.outcome] : []));

describe('an action', () => {
  test('changes its rows and is answered by its fact, which finds its step', () => {
    const command = action('deduct-balance-command', { orderId, userId: 1, amount: 4 }, { attempt: 3 });
    const { changes, handled, publish } = fold(till, empty, purseOf(10), [command], now);
    expect(changes.purses).toEqual([{ userId: 1, coins: 6 }]);
    expect(publish[0]).toEqual({
      topic: 'balance-deducted',
      key: orderId,
      envelope: {
        id: finalFactId(command.envelope.id),
        commandId: command.envelope.id,
        step: 'balance',
        attempt: 3,
        source: '/till',
        time: now.toISOString(),
        subject: orderId,
        traceparent: command.envelope.traceparent,
      },
      body: { orderId, outcome: 'success', paymentId: command.envelope.id, amount: 4, balanceAfter: 6 },
    });
    expect(handled).toEqual(new Map([[command.envelope.id, { replies: publish }]]));
  });

  test('announces with its reply what the outside is to know, in the same trace', () => {
    const command = take(4);
    const [, announced] = fold(till, empty, purseOf(10), [command], now).publish;
    expect(announced).toMatchObject({
      topic: 'order-cancel-requested',
      key: orderId,
      envelope: { id: processedId(orderId), source: '/till', traceparent: command.envelope.traceparent },
    });
    expect(announced?.envelope.commandId).toBeUndefined();
  });

  test('that is refused changes nothing, and the refusal is remembered', () => {
    const command = take(11);
    const { changes, handled, publish } = fold(till, empty, purseOf(10), [command], now);
    expect(changes).toEqual({ takings: [], purses: [], notes: [], names: [] });
    expect(publish).toMatchObject([
      { body: { orderId, outcome: 'rejected', reason: { code: 'INSUFFICIENT_BALANCE', message: 'not enough' } } },
    ]);
    expect(handled.get(command.envelope.id)).toEqual({ replies: publish });
  });

  test('handled before is answered as it was then, and changes nothing', () => {
    const command = take(4);
    const first = fold(till, empty, purseOf(10), [command], now);
    const later = new Date(now.getTime() + 60_000);
    const second = fold(till, first.handled, purseOf(6), [command], later);
    expect(second.publish).toEqual(first.publish);
    expect(second.handled.size).toBe(0);
    expect(second.changes.purses).toEqual([]);
  });

  test('doubled in one batch takes effect once and is answered twice', () => {
    const { changes, handled, publish } = fold(till, empty, purseOf(10), [take(4), take(4)], now);
    expect(changes.purses).toEqual([{ userId: 1, coins: 6 }]);
    expect(outcomesOf(publish)).toEqual(['success', 'success']);
    expect(handled.size).toBe(1);
  });

  test('sees what the messages before it in the batch have left', () => {
    const another = '01980000-0000-7000-8000-000000000002';
    const { changes, publish } = fold(till, empty, purseOf(10), [take(6), take(6, another)], now);
    expect(changes.purses).toEqual([{ userId: 1, coins: 4 }]);
    expect(outcomesOf(publish)).toEqual(['success', 'rejected']);
  });
});

describe('a compensation', () => {
  const taken = take(4);
  const taking: Taking = { actionId: taken.envelope.id, userId: 1, coins: 4, standing: true };

  test('undoes its action and says so', () => {
    const { changes, publish } = fold(till, empty, purseOf(6, [taking]), [giveBack(taken)], now);
    expect(changes.purses).toEqual([{ userId: 1, coins: 10 }]);
    expect(publish).toMatchObject([{ topic: 'balance-refunded', body: { orderId, outcome: 'success' } }]);
  });

  test('in one batch with its action undoes it', () => {
    const { changes, handled, publish } = fold(till, empty, purseOf(10), [taken, giveBack(taken)], now);
    expect(changes.purses).toEqual([{ userId: 1, coins: 10 }]);
    expect(changes.takings).toEqual([{ ...taking, standing: false }]);
    expect(outcomesOf(publish)).toEqual(['success', 'success']);
    expect(handled.size).toBe(2);
  });

  test('that comes before its action succeeds and fences it off', () => {
    const undo = giveBack(taken);
    const { changes, handled, publish } = fold(till, empty, purseOf(10), [undo, taken], now);
    expect(changes.purses).toEqual([]);
    expect(handled).toEqual(
      new Map<string, unknown>([
        [taken.envelope.id, 'fenced'],
        [undo.envelope.id, { replies: [publish[0]] }],
      ]),
    );
    expect(publish[1]).toMatchObject({
      topic: 'balance-deducted',
      envelope: { id: finalFactId(taken.envelope.id), commandId: taken.envelope.id },
      body: { outcome: 'rejected', reason: { code: 'FENCED' } },
    });
  });

  test('fences its action off for later batches too, without another row', () => {
    const fenced = new Map([[taken.envelope.id, 'fenced' as const]]);
    const { changes, handled, publish } = fold(till, fenced, purseOf(10), [taken], now);
    expect(publish).toMatchObject([{ body: { outcome: 'rejected', reason: { code: 'FENCED' } } }]);
    expect(changes.purses).toEqual([]);
    expect(handled.size).toBe(0);
  });

  test('of a refused action is an empty success and needs no fence (trap 6)', () => {
    const refused = take(11);
    const { handled, publish } = fold(till, empty, purseOf(10), [refused, giveBack(refused)], now);
    expect(outcomesOf(publish)).toEqual(['rejected', 'success']);
    expect(handled.get(refused.envelope.id)).not.toBe('fenced');
  });

  test('sent anew under another id undoes nothing twice', () => {
    const { changes, publish } = fold(till, empty, purseOf(6, [taking]), [giveBack(taken), giveBack(taken, 1)], now);
    expect(changes.purses).toEqual([{ userId: 1, coins: 10 }]);
    expect(outcomesOf(publish)).toEqual(['success', 'success']);
  });

  test('that does not say what it undoes is a fault', () => {
    const undo = giveBack(taken);
    const nameless = { ...undo, envelope: { ...undo.envelope, actionId: undefined } };
    expect(() => fold(till, empty, purseOf(10), [nameless], now)).toThrow('actionid');
  });
});

describe('what is only listened to', () => {
  const processed = orderProcessed({
    orderId,
    saga: 'place-order',
    userId: 1,
    items: [],
    couponId: null,
    totalAmount: 0,
    discountAmount: 0,
    finalAmount: 0,
    paymentId: null,
    deliveryId: null,
    completedAt: now.toISOString(),
  });

  test('is handled once and not answered', () => {
    const first = fold(till, empty, purseOf(10), [processed, processed], now);
    expect(first.changes.notes).toEqual([{ orderId }]);
    expect(first.publish).toEqual([]);
    expect(fold(till, first.handled, purseOf(10), [processed], now).changes.notes).toEqual([]);
  });

  test('a projection is applied every time and leaves nothing in the inbox', () => {
    const changed: Message<'product-changed'> = {
      topic: 'product-changed',
      key: '7',
      envelope: { ...processed.envelope, id: stateChangeId('product-changed', '7', 1), subject: '7' },
      body: { productId: 7, name: 'pen', price: 300, version: 1 },
    };
    const { changes, handled, publish } = fold(till, empty, purseOf(10), [changed, changed], now);
    expect(changes.names).toEqual([{ productId: 7, name: 'pen' }]);
    expect(handled.size).toBe(0);
    expect(publish).toEqual([]);
  });

  test('a topic without a handler is a fault', () => {
    const stray = action('create-delivery-command', { orderId, userId: 1, items: [], shipTo: null });
    expect(() => fold(till, empty, purseOf(10), [stray], now)).toThrow('till does not handle create-delivery-command');
  });
});

describe('a technical failure (trap 26)', () => {
  const reason = { code: 'HANDLER_FAILED', message: 'boom' };

  test('is answered under an id of its own for every attempt', () => {
    const command = action('deduct-balance-command', { orderId, userId: 1, amount: 4 }, { attempt: 2 });
    expect(failedReply('till', command, reason, now)).toMatchObject([
      {
        topic: 'balance-deducted',
        envelope: { id: failedFactId(command.envelope.id, 2), commandId: command.envelope.id, attempt: 2 },
        body: { orderId, outcome: 'failed', reason },
      },
    ]);
  });

  test('of what was no command is answered to nobody', () => {
    const cancelled: Message = {
      topic: 'order-cancel-requested',
      key: orderId,
      envelope: take(1).envelope,
      body: { orderId, reason: null },
    };
    expect(failedReply('till', cancelled, reason, now)).toEqual([]);
  });
});

/** Any number of batches over the same rows and inbox, as committed transactions leave them. */
function replay(batches: readonly (readonly Message[])[], coins: number) {
  let rows = purseOf(coins);
  const inbox = new Map<string, InboxEntry>();
  const publish: Message[] = [];
  for (const batch of batches) {
    const folded = fold(till, inbox, rows, batch, now);
    for (const [id, entry] of folded.handled) {
      if (inbox.has(id)) throw new Error(`unique violation: ${id} was handled before`);
      inbox.set(id, entry);
    }
    rows = {
      ...rows,
      takings: new Map([...rows.takings, ...byKey(folded.changes.takings, till.keys.takings)]),
      purses: new Map([...rows.purses, ...byKey(folded.changes.purses, till.keys.purses)]),
    };
    publish.push(...folded.publish);
  }
  return { takings: [...rows.takings.values()], coins: rows.purses.get(1)?.coins ?? 0, publish };
}

test('however actions and compensations are doubled, mixed and batched, an effect stands once or not at all', () => {
  const COINS = 10;
  const sending = fc.record({
    order: fc.integer({ min: 0, max: 4 }),
    kind: fc.constantFrom('take', 'take', 'give back', 'give back anew'),
  });
  fc.assert(
    fc.property(fc.array(fc.array(sending, { maxLength: 8 }), { maxLength: 8 }), (sendings) => {
      const orders = [0, 1, 2, 3, 4].map((order) => take(3, `01980000-0000-7000-8000-00000000000${order}`));
      const batches = sendings.map((batch) =>
        batch.flatMap(({ order, kind }): Message[] => {
          const taken = orders[order];
          if (!taken) return [];
          if (kind === 'take') return [taken];
          return [giveBack(taken, kind === 'give back' ? 0 : 1)];
        }),
      );
      const { takings, coins, publish } = replay(batches, COINS);

      const arrived = batches.flat();
      const undone = new Set(arrived.flatMap(({ envelope }) => envelope.actionId ?? []));
      const standing = takings.filter((taking) => taking.standing);
      expect(standing.filter((taking) => undone.has(taking.actionId))).toEqual([]);
      expect(coins).toBe(COINS - 3 * standing.length);

      const answers = new Map<string, Set<string>>();
      for (const { envelope, body } of publish)
        if (envelope.commandId && 'outcome' in body)
          answers.set(envelope.commandId, (answers.get(envelope.commandId) ?? new Set()).add(body.outcome));
      // Every command has one answer, however often it came, and a success that nothing undid still stands.
      expect([...answers.values()].every((outcomes) => outcomes.size === 1)).toBe(true);
      expect(new Set(answers.keys())).toEqual(new Set(arrived.map(({ envelope }) => envelope.id)));
      const succeeded = orders.filter(({ envelope }) => answers.get(envelope.id)?.has('success'));
      expect(new Set(standing.map(({ actionId }) => actionId))).toEqual(
        new Set(succeeded.map(({ envelope }) => envelope.id).filter((id) => !undone.has(id))),
      );
    }),
  );
});
