import { commandId, orderActionId } from '@saga/messages/ids';
import { describe, expect, test } from 'vitest';
import { placeOrder } from '../sagas/place-order.ts';
import { reserveOrder } from '../sagas/reserve-order.ts';
import { sagaOf, step } from './testing/definitions.ts';
import { triedAgain } from './testing/generations.ts';
import { NINE_O_CLOCK, ORDER_ID } from './testing/messages.ts';
import {
  after,
  begun,
  cancelled,
  failed,
  failedToUndo,
  rejected,
  SECOND_MS,
  succeeded,
  undone,
  whenDue,
} from './testing/scenario.ts';

const delivering = () => begun(placeOrder).when(succeeded('product'), succeeded('coupon'), succeeded('balance'));

describe('what is undone', () => {
  test('is every step that succeeded', () => {
    begun(placeOrder)
      .when(succeeded('product'), rejected('coupon', 'COUPON_EXPIRED'))
      .sends('restore-product-command')
      .hasSteps({ product: 'COMPENSATING' });
  });

  test('is a step that has not answered: no reply means unknown, never “did not happen”', () => {
    begun(placeOrder).when(rejected('coupon', 'COUPON_EXPIRED')).sends('restore-product-command');
  });

  test('is a step that failed', () => {
    begun(placeOrder).when(failed('product'), rejected('coupon', 'COUPON_EXPIRED')).sends('restore-product-command');
  });

  test('is not a step that was refused', () => {
    begun(placeOrder)
      .when(rejected('product', 'OUT_OF_STOCK'))
      .sends('restore-coupon-command')
      .when(undone('coupon'))
      .hasSteps({ product: 'REJECTED' })
      .sends('cancel-order-command');
  });

  test('is not a step that was never sent: it stays WAITING', () => {
    begun(placeOrder)
      .when(cancelled(), undone('product'), undone('coupon'), undone('order'))
      .is('COMPENSATED')
      .hasSteps({ balance: 'WAITING', delivery: 'WAITING', complete: 'WAITING' });
  });

  test('is not a step that was skipped', () => {
    begun(placeOrder, { couponId: null }).when(cancelled()).sends('restore-product-command').hasSteps({
      coupon: 'SKIPPED',
    });
  });
});

describe('the order of undoing', () => {
  test('goes against the dependencies, independent steps in parallel, the order last', () => {
    delivering()
      .when(rejected('delivery', 'ADDRESS_UNDELIVERABLE'))
      .sends('refund-balance-command')
      .when(undone('balance'))
      .sends('restore-product-command', 'restore-coupon-command')
      .hasSteps({ order: 'SUCCEEDED' })
      .when(undone('coupon'))
      .sendsNothing()
      .is('COMPENSATING')
      .when(undone('product'))
      .sends('cancel-order-command')
      .hasSteps({ order: 'COMPENSATING' })
      .is('COMPENSATING')
      .when(undone('order'))
      .is('COMPENSATED')
      .hasSteps({ order: 'COMPENSATED', balance: 'COMPENSATED', delivery: 'REJECTED' });
  });

  test('passes over a skipped step: what comes before it waits for what comes after it', () => {
    begun(placeOrder, { couponId: null, finalAmount: 0 })
      .when(succeeded('product'))
      .when(cancelled())
      .sends('cancel-delivery-command')
      .when(undone('delivery'))
      .sends('restore-product-command');
  });

  test('is the same for steps that have nothing to do with each other: all at once', () => {
    begun(reserveOrder)
      .when(cancelled())
      .sends('restore-product-command', 'refund-balance-command', 'restore-coupon-command');
  });

  test('undoes a step when all that depends on it is undone, not when some is', () => {
    const definition = sagaOf({
      product: step('decrease-product-command'),
      coupon: step('use-coupon-command', { after: ['product'] }),
      balance: step('deduct-balance-command', { after: ['product'] }),
      delivery: step('create-delivery-command', { after: ['coupon', 'balance'], pivot: true }),
    });
    begun(definition)
      .when(succeeded('product'))
      .when(cancelled())
      .sends('restore-coupon-command', 'refund-balance-command')
      .when(undone('coupon'))
      .sendsNothing()
      .when(undone('balance'))
      .sends('restore-product-command');
  });

  test('of an order of which nothing else stands is the order alone', () => {
    begun(placeOrder, { couponId: null })
      .when(rejected('product', 'OUT_OF_STOCK'))
      .sends('cancel-order-command')
      .when(after(2), undone('order'))
      .is('COMPENSATED');
  });
});

describe('a compensation', () => {
  test('names what it undoes, and says no more than the order', () => {
    const { onlySent } = begun(placeOrder).when(rejected('coupon', 'COUPON_EXPIRED'));
    expect(onlySent).toMatchObject({
      topic: 'restore-product-command',
      envelope: {
        id: commandId(ORDER_ID, 'product', 'compensation', 0),
        actionId: commandId(ORDER_ID, 'product', 'action', 0),
        attempt: 1,
      },
      body: { orderId: ORDER_ID },
    });
    expect(Object.keys(onlySent.body)).toEqual(['orderId']);
  });

  test('of the order says why: the reason and the step that gave it', () => {
    const { onlySent } = begun(placeOrder, { couponId: null }).when(rejected('product', 'OUT_OF_STOCK'));
    expect(onlySent).toMatchObject({
      topic: 'cancel-order-command',
      envelope: { actionId: orderActionId(ORDER_ID), commandId: commandId(ORDER_ID, 'order', 'compensation', 0) },
      body: { orderId: ORDER_ID, reason: { step: 'product', code: 'OUT_OF_STOCK', message: 'refused: OUT_OF_STOCK' } },
    });
  });

  test('is retried without end; from its attempts on it is stuck, until it is acknowledged', () => {
    const scenario = begun(placeOrder, { couponId: null }).when(cancelled());
    for (let used = 1; used <= 20; used += 1) {
      scenario.when(failedToUndo('product'));
      expect(scenario.compensation('product').stuck?.code).toBe(used < 8 ? undefined : 'STEP_FAILED');
      scenario.when(whenDue()).is('COMPENSATING').sends('restore-product-command');
    }
    scenario.when(undone('product')).sends('cancel-order-command');
    expect(scenario.compensation('product').stuck).toBe(undefined);
  });

  test('that is stuck leaves the others alone: they are undone beside it', () => {
    const scenario = begun(placeOrder).when(cancelled());
    while (scenario.compensation('product').used < 8) scenario.when(failedToUndo('product'), whenDue());
    scenario.when(undone('coupon')).hasSteps({ coupon: 'COMPENSATED' }).is('COMPENSATING');
  });

  test('is recorded with its answer and its time', () => {
    const scenario = begun(placeOrder).when(cancelled()).when(after(2), undone('product'));
    expect(scenario.compensation('product').answer).toEqual({ outcome: 'success', at: scenario.now, reply: {} });
  });
});

test('COMPENSATED only when every compensation has been acknowledged, and then with the time', () => {
  const scenario = begun(placeOrder).when(cancelled(), undone('product'), undone('coupon')).is('COMPENSATING');
  expect(scenario.saga.endedAt).toBe(undefined);
  scenario.when(after(1), undone('order')).is('COMPENSATED').sendsNothing();
  expect(scenario.saga.endedAt).toBe(NINE_O_CLOCK + SECOND_MS);
});

describe('a late answer of a step that is being undone is recorded and changes nothing (trap 5)', () => {
  test('a success', () => {
    const scenario = begun(placeOrder).when(cancelled()).when(after(3), succeeded('product'));
    scenario.sendsNothing().is('COMPENSATING').hasSteps({ product: 'COMPENSATING' });
    expect(scenario.action('product').answer).toMatchObject({ outcome: 'success', at: scenario.now });
    scenario.when(undone('product')).hasSteps({ product: 'COMPENSATED' });
  });

  test('a success after its undo was acknowledged', () => {
    const scenario = begun(placeOrder).when(cancelled(), undone('product')).when(succeeded('product'));
    scenario.sendsNothing().hasSteps({ product: 'COMPENSATED' });
    expect(scenario.action('product').answer?.outcome).toBe('success');
  });

  test('a refusal: the undo that was sent must still be acknowledged', () => {
    const scenario = begun(placeOrder).when(cancelled(), undone('coupon')).when(rejected('product', 'FENCED'));
    scenario.sendsNothing().is('COMPENSATING').hasSteps({ product: 'COMPENSATING' });
    expect(scenario.action('product').answer?.outcome).toBe('rejected');
    scenario.when(undone('product')).sends('cancel-order-command');
  });

  test('a success after all is undone: nothing is sent', () => {
    const scenario = begun(placeOrder, { couponId: null }).when(cancelled(), undone('product'), undone('order'));
    scenario.when(succeeded('product')).is('COMPENSATED').sendsNothing();
    expect(scenario.action('product').answer?.outcome).toBe('success');
  });
});

test('what is being undone is not waited for or probed any more', () => {
  const scenario = begun(placeOrder).when(after(30 * 60));
  expect(scenario.action('product').silentSince).toBeDefined();
  scenario.when(cancelled());
  const { next, silentSince } = scenario.action('product');
  expect([next, silentSince]).toEqual([undefined, undefined]);
});

describe('every generation of a step', () => {
  test('is undone unless its own undo has been acknowledged already, each by its own action', () => {
    const scenario = triedAgain(begun(placeOrder, { couponId: null }), 'product').when(succeeded('product'));
    scenario.when(cancelled(), undone('balance'));
    const restores = scenario.sent.filter(({ topic }) => topic === 'restore-product-command');
    expect(restores.map(({ envelope }) => [envelope.commandId, envelope.actionId])).toEqual([
      [commandId(ORDER_ID, 'product', 'compensation', 1), commandId(ORDER_ID, 'product', 'action', 1)],
    ]);
    expect(scenario.compensation('product', 0)).toMatchObject({ answer: { outcome: 'success' } });
  });

  test('that stands is undone at once with the others, and the step when all are', () => {
    const scenario = triedAgain(begun(placeOrder, { couponId: null }), 'product', 'unknown');
    scenario.when(cancelled()).sends('restore-product-command', 'restore-product-command');
    expect(scenario.sent.map(({ envelope }) => envelope.actionId)).toEqual(
      [0, 1].map((generation) => commandId(ORDER_ID, 'product', 'action', generation)),
    );
    scenario
      .when(undone('product', { generation: 1 }))
      .hasSteps({ product: 'COMPENSATING' })
      .sendsNothing();
    scenario.when(undone('product', { generation: 0 })).hasSteps({ product: 'COMPENSATED' });
    scenario.sends('cancel-order-command');
  });

  test('that was refused is not undone, though a later one is', () => {
    triedAgain(begun(placeOrder, { couponId: null }), 'product', 'refused')
      .when(cancelled())
      .sends('restore-product-command')
      .when(undone('product'))
      .hasSteps({ product: 'COMPENSATED' })
      .sends('cancel-order-command');
  });
});
