import { commandId, orderActionId } from '@saga/messages/ids';
import { describe, expect, test } from 'vitest';
import { placeOrder } from '../sagas/place-order.ts';
import { reserveOrder } from '../sagas/reserve-order.ts';
import { chain, sagaOf, step } from './testing/definitions.ts';
import { NINE_O_CLOCK, ORDER_ID, PARTITION, TRACEPARENT } from './testing/messages.ts';
import {
  after,
  begun,
  cancelled,
  failed,
  rejected,
  type Scenario,
  SECOND_MS,
  succeeded,
  undone,
  whenDue,
} from './testing/scenario.ts';

/** Up to the pivot, which is under way. */
const delivering = () => begun(placeOrder).when(succeeded('product'), succeeded('coupon'), succeeded('balance'));
/** The pivot has succeeded. */
const delivered = () => delivering().when(succeeded('delivery'));
/** A pivot without a compensation is under way. */
const confirming = () => begun(reserveOrder).when(succeeded('product'), succeeded('balance'), succeeded('coupon'));

/** Every attempt at this step comes to nothing. */
function usesUpAttempts(scenario: Scenario, name: string, attempts = 8): Scenario {
  for (let used = 1; used < attempts; used += 1) scenario.when(failed(name), whenDue());
  return scenario.when(failed(name));
}

describe('the start', () => {
  test('sends every step without open dependencies, at once and in parallel', () => {
    begun(placeOrder)
      .is('RUNNING')
      .sends('decrease-product-command', 'use-coupon-command')
      .hasSteps({ product: 'SENT', coupon: 'SENT', balance: 'WAITING', delivery: 'WAITING', complete: 'WAITING' });
  });

  test('knows the order as step zero, which has already succeeded', () => {
    const scenario = begun(placeOrder).hasSteps({ order: 'SUCCEEDED' });
    expect(scenario.action('order')).toEqual({
      commandId: orderActionId(ORDER_ID),
      attempt: 1,
      used: 0,
      firstSentAt: NINE_O_CLOCK,
      sentAt: NINE_O_CLOCK,
      causedBy: ORDER_ID,
      answer: { outcome: 'success', at: NINE_O_CLOCK, reply: {} },
    });
  });

  test('keeps the order, its trace, its partition and its version of the definition', () => {
    const { saga, order } = begun(placeOrder);
    expect(saga).toMatchObject({
      id: ORDER_ID,
      definition: { name: 'place-order', version: placeOrder.version },
      version: 1,
      partition: PARTITION,
      traceparent: TRACEPARENT,
      order,
      startedAt: NINE_O_CLOCK,
      updatedAt: NINE_O_CLOCK,
    });
  });

  test('remembers of each command its id, its first sending, what caused it, and when an answer is due', () => {
    expect(begun(placeOrder).action('product')).toEqual({
      commandId: commandId(ORDER_ID, 'product', 'action', 0),
      attempt: 1,
      used: 0,
      firstSentAt: NINE_O_CLOCK,
      sentAt: NINE_O_CLOCK,
      causedBy: ORDER_ID,
      next: { at: NINE_O_CLOCK + 10 * SECOND_MS, why: 'reply' },
    });
  });

  test('skips a step whose condition does not hold', () => {
    begun(placeOrder, { couponId: null }).sends('decrease-product-command').hasSteps({ coupon: 'SKIPPED' });
  });

  test('goes on at once with what waits for a skipped step, in whatever order the steps are declared', () => {
    const definition = sagaOf({
      complete: step('complete-order-command', { after: ['coupon'], pivot: true }),
      coupon: step('use-coupon-command', { after: ['product'], when: () => false }),
      product: step('decrease-product-command', { when: () => false }),
    });
    begun(definition).sends('complete-order-command').hasSteps({ product: 'SKIPPED', coupon: 'SKIPPED' });
  });

  test('completes a saga that has nothing to do', () => {
    const definition = sagaOf({ complete: step('complete-order-command', { pivot: true, when: () => false }) });
    begun(definition).is('COMPLETED').sendsNothing();
  });
});

describe('a success', () => {
  test('is recorded with its reply and its time, and nothing is due for its command any more', () => {
    const scenario = begun(placeOrder).when(after(3), succeeded('product')).hasSteps({ product: 'SUCCEEDED' });
    const { answer, next } = scenario.action('product');
    const reservationId = commandId(ORDER_ID, 'product', 'action', 0);
    expect(answer).toEqual({ outcome: 'success', at: NINE_O_CLOCK + 3 * SECOND_MS, reply: { reservationId } });
    expect(next).toBe(undefined);
    expect(scenario.saga).toMatchObject({ version: 2, updatedAt: NINE_O_CLOCK + 3 * SECOND_MS });
  });

  test('sends what became ready, and only when all that it depends on is done', () => {
    begun(placeOrder)
      .when(succeeded('coupon'))
      .sendsNothing()
      .when(succeeded('product'))
      .sends('deduct-balance-command')
      .when(succeeded('balance'))
      .sends('create-delivery-command');
  });

  test('goes past what is skipped behind it', () => {
    begun(placeOrder, { couponId: null, finalAmount: 0 })
      .when(succeeded('product'))
      .sends('create-delivery-command')
      .hasSteps({ balance: 'SKIPPED' });
  });

  test('sends several steps that became ready in parallel', () => {
    const definition = sagaOf({
      product: step('decrease-product-command', { pivot: true }),
      balance: step('deduct-balance-command', { after: ['product'] }),
      delivery: step('create-delivery-command', { after: ['product'] }),
    });
    begun(definition).when(succeeded('product')).sends('deduct-balance-command', 'create-delivery-command');
  });

  test('of the last step completes the saga', () => {
    const scenario = delivered().sends('complete-order-command').when(after(2), succeeded('complete'));
    scenario.is('COMPLETED').sendsNothing();
    expect(scenario.saga.endedAt).toBe(NINE_O_CLOCK + 2 * SECOND_MS);
  });
});

describe('the saga turns back, and sends no new action', () => {
  test('when a step before the pivot is refused, with the reason’s code and words', () => {
    begun(placeOrder)
      .when(succeeded('product'), rejected('coupon', 'COUPON_EXPIRED'))
      .is('COMPENSATING')
      .failsWith('COUPON_EXPIRED', 'coupon', 'refused: COUPON_EXPIRED')
      .hasSteps({ coupon: 'REJECTED', product: 'COMPENSATING', balance: 'WAITING' })
      .sends('restore-product-command');
  });

  test('when the pivot itself is refused', () => {
    delivering()
      .when(rejected('delivery', 'ADDRESS_UNDELIVERABLE'))
      .failsWith('ADDRESS_UNDELIVERABLE', 'delivery')
      .hasSteps({ delivery: 'REJECTED' })
      .sends('refund-balance-command');
  });

  test('when a pivot without a compensation is refused', () => {
    confirming()
      .when(rejected('complete', 'PRICE_CHANGED'))
      .failsWith('PRICE_CHANGED', 'complete')
      .sends('restore-product-command', 'refund-balance-command', 'restore-coupon-command');
  });

  test('when the attempts at a step are used up by failures', () => {
    const scenario = begun(placeOrder, { couponId: null });
    usesUpAttempts(scenario, 'product')
      .is('COMPENSATING')
      .failsWith('STEP_FAILED', 'product', 'INTERNAL: the disk is full')
      .sends('restore-product-command');
    expect(scenario.action('product')).toMatchObject({ attempt: 8, used: 8 });
  });

  test('when the attempts at a step are used up by overtaken timeouts', () => {
    const definition = chain({ retry: { attempts: 2 } });
    begun(definition)
      .when(after(10, { overtaken: ['product'] }), whenDue(), after(10, { overtaken: ['product'] }))
      .is('COMPENSATING')
      .failsWith(
        'STEP_TIMED_OUT',
        'product',
        'no answer to decrease-product-command within 10 s, though later ones were answered',
      );
  });

  test('when the deadline for the way to the pivot has passed, naming a step that was open', () => {
    const scenario = begun(placeOrder).when(succeeded('product'), after(60 * 60 - 1));
    scenario.is('RUNNING').when(after(1));
    scenario.is('COMPENSATING').failsWith('DEADLINE', 'coupon', 'not done within 3600 s');
    scenario.sends('restore-product-command', 'restore-coupon-command');
  });

  test('when the deadline passes while a pivot that can be undone is under way', () => {
    delivering()
      .when(after(60 * 60))
      .failsWith('DEADLINE', 'delivery')
      .sends('cancel-delivery-command');
  });

  test('when the customer cancels, saying why or not', () => {
    begun(placeOrder)
      .when(cancelled('too dear'))
      .failsWith('CANCELLED_BY_CUSTOMER', 'order', 'too dear')
      .sends('restore-product-command', 'restore-coupon-command');
    begun(placeOrder).when(cancelled()).failsWith('CANCELLED_BY_CUSTOMER', 'order', 'the customer cancelled the order');
  });

  test('when the customer cancels while a pivot that can be undone is under way', () => {
    delivering().when(cancelled()).is('COMPENSATING').sends('cancel-delivery-command');
  });

  test('and a success that comes later sends nothing new', () => {
    begun(placeOrder)
      .when(rejected('coupon', 'COUPON_EXPIRED'))
      .when(succeeded('product'))
      .sendsNothing()
      .hasSteps({ product: 'COMPENSATING', balance: 'WAITING' });
  });

  test('and the first reason stays, whatever comes after it', () => {
    begun(placeOrder)
      .when(rejected('coupon', 'COUPON_EXPIRED'), rejected('product', 'OUT_OF_STOCK'), cancelled(), undone('product'))
      .failsWith('COUPON_EXPIRED', 'coupon');
  });
});

describe('a pivot whose outcome is unknown when its attempts are used up', () => {
  test('is undone like any other step, if it has a compensation', () => {
    usesUpAttempts(delivering(), 'delivery').is('COMPENSATING').sends('cancel-delivery-command');
  });

  test('is retried like the steps after it, if it has none', () => {
    usesUpAttempts(confirming(), 'complete')
      .is('RUNNING')
      .isStuck('action', 'complete', 'STEP_FAILED')
      .when(whenDue())
      .sends('complete-order-command')
      .when(succeeded('complete'))
      .is('COMPLETED');
  });
});

describe('while a pivot without a compensation is under way', () => {
  test('a cancellation is refused', () => {
    confirming().when(cancelled()).is('RUNNING').onlyRecords();
  });

  test('the deadline does not turn the saga back', () => {
    const scenario = confirming();
    expect(scenario.wokenAt).toBe(NINE_O_CLOCK + 10 * SECOND_MS);
    scenario.when(after(60 * 60)).is('RUNNING');
  });
});

describe('once the pivot has succeeded', () => {
  test('a cancellation is too late', () => {
    delivered().when(cancelled()).is('RUNNING').onlyRecords();
  });

  test('there is no deadline', () => {
    delivered()
      .when(after(2 * 60 * 60))
      .is('RUNNING');
  });

  test('a refusal is stuck at once, and stays so', () => {
    const scenario = delivered().when(rejected('complete', 'PRICE_CHANGED'));
    scenario.is('RUNNING').sendsNothing().hasSteps({ complete: 'REJECTED' });
    scenario.isStuck('action', 'complete', 'PRICE_CHANGED');
    expect(scenario.wokenAt).toBe(undefined);
    scenario
      .when(after(24 * 60 * 60))
      .staysAsItWas()
      .sendsNothing();
  });

  test('a refusal holds back what depends on it, and nothing else', () => {
    const definition = sagaOf({
      product: step('decrease-product-command', { pivot: true }),
      balance: step('deduct-balance-command', { after: ['product'] }),
      coupon: step('use-coupon-command', { after: ['product'] }),
      delivery: step('create-delivery-command', { after: ['coupon'] }),
      complete: step('complete-order-command', { after: ['balance'] }),
    });
    begun(definition)
      .when(succeeded('product'), rejected('balance', 'INSUFFICIENT_BALANCE'))
      .when(succeeded('coupon'))
      .sends('create-delivery-command')
      .when(succeeded('delivery'))
      .is('RUNNING')
      .hasSteps({ complete: 'WAITING' });
  });

  test('a step whose attempts are used up is stuck, and still retried without end', () => {
    const scenario = usesUpAttempts(delivered(), 'complete');
    scenario.is('RUNNING').isStuck('action', 'complete', 'STEP_FAILED');
    const since = scenario.now;
    for (let attempt = 9; attempt <= 20; attempt += 1) {
      scenario.when(whenDue()).sends('complete-order-command').when(failed('complete'));
      expect(scenario.action('complete')).toMatchObject({
        attempt,
        used: attempt,
        stuck: { since, code: 'STEP_FAILED' },
      });
    }
    scenario.when(whenDue(), succeeded('complete')).is('COMPLETED');
    expect(scenario.action('complete').stuck).toBe(undefined);
  });

  test('a skipped pivot counts as one that has succeeded: what follows it may have no compensation', () => {
    const definition = chain({}, {}, { when: () => false });
    const scenario = begun(definition).when(succeeded('product')).when(succeeded('balance'));
    scenario
      .sends('complete-order-command')
      .when(cancelled())
      .is('RUNNING')
      .when(after(60 * 60))
      .is('RUNNING');
  });
});
