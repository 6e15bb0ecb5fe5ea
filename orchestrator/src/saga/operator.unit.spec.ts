import { commandId } from '@saga/messages/ids';
import { describe, expect, test } from 'vitest';
import { placeOrder } from '../sagas/place-order.ts';
import { rebuild } from './rebuild.ts';
import { createRegistry } from './registry.ts';
import { sagaOf, step } from './testing/definitions.ts';
import { triedAgain } from './testing/generations.ts';
import { NINE_O_CLOCK, ORDER_ID } from './testing/messages.ts';
import {
  after,
  BY_ADA,
  begun,
  cancelled,
  created,
  DAY_MS,
  failed,
  failedToUndo,
  HOUR_MS,
  MINUTE_MS,
  operator,
  rejected,
  type Scenario,
  SECOND_MS,
  succeeded,
  undone,
  whenDue,
} from './testing/scenario.ts';

/** Only the product's command is under way. */
const waiting = () => begun(placeOrder, { couponId: null });

/** A delivery that is the pivot, and two steps after it that only an operator can put right. */
const shipping = sagaOf({
  delivery: step('create-delivery-command', { pivot: true }),
  coupon: step('use-coupon-command', { after: ['delivery'] }),
  complete: step('complete-order-command', { after: ['coupon'] }),
});
const refusedAfterPivot = () => begun(shipping).when(succeeded('delivery'), rejected('coupon', 'COUPON_EXPIRED'));

const stuckUndoing = (): Scenario => {
  const scenario = begun(placeOrder).when(cancelled());
  while (scenario.compensation('product').used < 8) scenario.when(failedToUndo('product'), whenDue());
  return scenario.when(failedToUndo('product'));
};

describe('what an operator may do', () => {
  test('is to cancel or to pause a saga that goes forward as it should', () => {
    waiting().allows('compensate', 'pause');
  });

  test('is to hurry what waits for its backoff', () => {
    waiting().when(failed('product')).allows('retry product', 'compensate', 'pause');
  });

  test('is to hurry what waits for a silent participant', () => {
    waiting().when(after(10)).allows('retry product', 'compensate', 'pause');
  });

  test('is no cancellation after the pivot', () => {
    begun(shipping).when(succeeded('delivery')).allows('pause');
  });

  test('is to try anew or to skip what was refused after the pivot', () => {
    refusedAfterPivot().allows('retry coupon', 'skip coupon', 'pause');
  });

  test('is never to skip the step that ends the order: it would stay pending', () => {
    refusedAfterPivot()
      .when(operator({ action: 'skip', step: 'coupon' }), rejected('complete', 'FENCED'))
      .allows('retry complete', 'pause');
  });

  test('is to force a compensation that is stuck, not one that is under way', () => {
    begun(placeOrder).when(cancelled()).allows('pause');
    stuckUndoing().allows('retry product', 'force-compensated product', 'retry coupon', 'pause');
  });

  test('is never to force the order’s own compensation: it would stay pending', () => {
    const scenario = begun(placeOrder).when(cancelled(), undone('product'), undone('coupon'));
    while (scenario.compensation('order').used < 8) scenario.when(failedToUndo('order'), whenDue());
    scenario.when(failedToUndo('order')).allows('retry order', 'pause');
  });

  test('is to resume or to cancel what is paused', () => {
    waiting()
      .when(failed('product'), operator({ action: 'pause' }))
      .allows('resume', 'compensate');
  });

  test('is nothing once the saga has ended', () => {
    begun(shipping).when(succeeded('delivery'), succeeded('coupon'), succeeded('complete')).is('COMPLETED').allows();
  });
});

describe('an action', () => {
  test('stands in the journal with who, why and what', () => {
    const scenario = waiting().when(operator({ action: 'pause' }));
    expect(scenario.journal.at(-1)?.incoming).toMatchObject({ type: 'operator', act: { action: 'pause' }, ...BY_ADA });
    expect(rebuild(createRegistry([placeOrder]), scenario.journal)).toEqual(scenario.saga);
  });

  test('on a version that is not the saga’s any more is refused, and says what is allowed now (trap 20)', () => {
    const scenario = waiting().when(failed('product'));
    scenario
      .when(operator({ action: 'compensate' }, scenario.saga.version - 1))
      .isRefused(/is at version 2, not 1: look at it again/);
    expect(scenario.last.refused).toMatchObject({
      why: 'stale',
      options: [{ action: 'retry' }, { action: 'compensate' }, { action: 'pause' }],
    });
  });

  test('of two operators on the same version one wins (trap 20)', () => {
    const scenario = waiting();
    const { version } = scenario.saga;
    scenario.when(operator({ action: 'compensate' }, version)).is('COMPENSATING');
    scenario.when(operator({ action: 'pause' }, version)).isRefused(/is at version 2/);
  });

  test.each([
    ['retry of what awaits its answer', { action: 'retry' }, /^retry is not possible: saga .* is RUNNING$/],
    [
      'retry of a step that there is not',
      { action: 'retry', step: 'nonsense' },
      /^retry of step nonsense is not possible: the steps of place-order are order, product, coupon, balance, delivery, complete$/,
    ],
    ['skip of a step under way', { action: 'skip', step: 'product' }, /^skip of step product is not possible/],
    ['resume of what is not paused', { action: 'resume' }, /^resume is not possible/],
    ['force of an action', { action: 'force-compensated', step: 'product', evidence: 'x' }, /^force-compensated of/],
  ] as const)('that is not allowed is refused: %s', (_what, act, message) => {
    waiting().when(operator(act)).isRefused(message);
    expect(waiting().when(operator(act)).last.refused?.why).toBe('not allowed');
  });

  test('to cancel is told why there is no way back: the pivot was passed, or cannot be undone', () => {
    const act = operator({ action: 'compensate' });
    begun(shipping)
      .when(succeeded('delivery'))
      .when(act)
      .isRefused(
        /^compensate is not possible: .* is RUNNING, and its pivot, delivery, has been passed: it can only go forward$/,
      );
    const final = sagaOf({ complete: step('complete-order-command', { pivot: true }) });
    begun(final)
      .when(act)
      .isRefused(/is RUNNING, and its pivot, complete, is under way and cannot be undone: it can only go forward$/);
  });

  test('on an order that is not known yet is refused', () => {
    const scenario = waiting();
    const act = operator({ action: 'pause' })(scenario);
    scenario.state = undefined;
    scenario.when(() => act);
    expect(scenario.last.refused?.message).toBe('the order of this saga is not known yet');
  });
});

describe('retry', () => {
  test('sends at once what waits for its backoff: the same command, the next attempt', () => {
    const scenario = waiting()
      .when(failed('product'), operator({ action: 'retry' }))
      .sends('decrease-product-command');
    expect(scenario.action('product')).toMatchObject({
      commandId: commandId(ORDER_ID, 'product', 'action', 0),
      attempt: 2,
      used: 1,
      next: { at: NINE_O_CLOCK + 10 * SECOND_MS, why: 'reply' },
    });
  });

  test('sends at once what waits for a silent participant, and the silence begins anew', () => {
    const scenario = waiting()
      .when(after(10), operator({ action: 'retry' }))
      .sends('decrease-product-command');
    expect(scenario.action('product').silentSince).toBe(undefined);
    scenario.when(whenDue());
    expect(scenario.action('product').silentSince).toBe(NINE_O_CLOCK + 10 * SECOND_MS);
  });

  test('of one step leaves the others alone', () => {
    begun(placeOrder)
      .when(failed('product'), failed('coupon'), operator({ action: 'retry', step: 'coupon' }))
      .sends('use-coupon-command');
  });

  test('without a step hurries all that wait', () => {
    begun(placeOrder)
      .when(failed('product'), failed('coupon'), operator({ action: 'retry' }))
      .sends('decrease-product-command', 'use-coupon-command');
  });

  test('of a stuck compensation stays stuck, visibly, until it is acknowledged (trap 19)', () => {
    const scenario = stuckUndoing().when(operator({ action: 'retry', step: 'product' }));
    scenario.sends('restore-product-command');
    expect(scenario.compensation('product').stuck?.code).toBe('STEP_FAILED');
    scenario.when(undone('product'));
    expect(scenario.compensation('product').stuck).toBe(undefined);
  });

  test('of a refused step tries it anew: a new generation under a new command id, for the old one is settled', () => {
    const scenario = refusedAfterPivot().when(operator({ action: 'retry', step: 'coupon' }));
    scenario.sends('use-coupon-command').hasSteps({ coupon: 'SENT' });
    expect(scenario.action('coupon')).toMatchObject({
      commandId: commandId(ORDER_ID, 'coupon', 'action', 1),
      attempt: 1,
      causedBy: scenario.journal.at(-1)?.incoming && expect.any(String),
    });
    expect(scenario.action('coupon', 0)).toMatchObject({ answer: { outcome: 'rejected' } });
    expect(scenario.action('coupon', 0).stuck).toBe(undefined);
    scenario.when(succeeded('coupon')).hasSteps({ coupon: 'SUCCEEDED' }).sends('complete-order-command');
  });

  test('with an edited input says that instead, on every resend', () => {
    const input = { couponId: 101, userId: 7, totalAmount: 20_000, discountAmount: 1_000 };
    const scenario = refusedAfterPivot().when(operator({ action: 'retry', step: 'coupon', input }));
    expect(scenario.onlySent.body).toEqual({ orderId: ORDER_ID, ...input });
    scenario.when(failed('coupon'), whenDue());
    expect(scenario.onlySent.body).toEqual({ orderId: ORDER_ID, ...input });
  });

  test('with an edited input is refused where the outcome of what was sent is unknown', () => {
    waiting()
      .when(failed('product'))
      .when(operator({ action: 'retry', step: 'product', input: { items: [] } }))
      .isRefused(/^retry of step product with an edited input is not possible/);
  });

  test('never sends again what the inboxes may have forgotten: it is stuck for good', () => {
    const scenario = begun(shipping).when(succeeded('delivery'), after(60));
    scenario.now += 31 * DAY_MS;
    scenario.when(operator({ action: 'retry', step: 'coupon' })).sendsNothing();
    scenario.isStuck('action', 'coupon', 'EXPIRED');
  });

  test('of what was forgotten takes evidence of what became of it, and then is a new generation', () => {
    const scenario = begun(shipping).when(succeeded('delivery'), after(31 * 24 * 60 * 60));
    scenario.isStuck('action', 'coupon', 'EXPIRED').allows('retry coupon', 'pause');
    scenario.when(operator({ action: 'retry', step: 'coupon' })).isRefused(/not possible/);
    scenario.when(operator({ action: 'retry', step: 'coupon', evidence: 'the ledger has none' }));
    scenario.sends('use-coupon-command');
    expect(scenario.action('coupon').commandId).toBe(commandId(ORDER_ID, 'coupon', 'action', 1));
    scenario
      .when(succeeded('coupon', { generation: 0 }))
      .hasSteps({ coupon: 'SENT' })
      .sendsNothing();
    scenario.when(succeeded('coupon')).sends('complete-order-command');
  });
});

test('what was forgotten before the pivot is not tried anew: it is undone, whatever became of it', () => {
  const scenario = waiting().when(operator({ action: 'pause' }));
  scenario.when(after(31 * 24 * 60 * 60), operator({ action: 'resume' }));
  scenario.isStuck('action', 'product', 'EXPIRED').allows('compensate', 'pause');
});

describe('compensate', () => {
  test('turns the saga back as a cancellation does, and says who had it done', () => {
    waiting()
      .when(operator({ action: 'compensate' }))
      .is('COMPENSATING')
      .failsWith('CANCELLED_BY_OPERATOR', 'order', BY_ADA.reason)
      .sends('restore-product-command');
  });

  test('of a paused saga turns it, and sends nothing before it is resumed', () => {
    waiting()
      .when(operator({ action: 'pause' }), operator({ action: 'compensate' }))
      .is('COMPENSATING')
      .sendsNothing()
      .when(operator({ action: 'resume' }))
      .sends('restore-product-command');
  });
});

describe('skip', () => {
  test('goes on without the refused step', () => {
    refusedAfterPivot()
      .when(operator({ action: 'skip', step: 'coupon' }))
      .hasSteps({ coupon: 'SKIPPED' })
      .sends('complete-order-command')
      .when(succeeded('complete'))
      .is('COMPLETED');
  });

  test('leaves nothing stuck', () => {
    const scenario = refusedAfterPivot().when(operator({ action: 'skip', step: 'coupon' }));
    expect(scenario.action('coupon').stuck).toBe(undefined);
  });
});

describe('force-compensated', () => {
  const forced = () =>
    stuckUndoing().when(
      undone('coupon'),
      operator({ action: 'force-compensated', step: 'product', evidence: 'restocked by hand' }),
    );

  test('counts one stuck compensation as done, and says on whose word (trap 19)', () => {
    const scenario = forced().hasSteps({ product: 'COMPENSATED' }).sends('cancel-order-command');
    expect(scenario.compensation('product').answer).toEqual({
      outcome: 'success',
      at: scenario.now,
      reply: { forcedBy: 'ada', evidence: 'restocked by hand' },
    });
    scenario.when(undone('order')).is('COMPENSATED');
  });

  test('the acknowledgement that comes after all changes nothing', () => {
    forced().when(undone('product')).staysAsItWas().sendsNothing();
  });

  test('counts one generation at a time: the evidence is of one', () => {
    const scenario = triedAgain(begun(placeOrder, { couponId: null }), 'product', 'unknown').when(cancelled());
    const fail = (generation: number) => failedToUndo('product', { generation });
    const isStuck = (generation: number) => scenario.compensation('product', generation).stuck !== undefined;
    while (!isStuck(0) || !isStuck(1)) scenario.when(fail(0), fail(1), whenDue());
    scenario.when(operator({ action: 'force-compensated', step: 'product', evidence: 'by hand' }));
    expect(scenario.compensation('product', 0).answer?.outcome).toBe('success');
    expect(scenario.compensation('product', 1).answer).toBe(undefined);
    scenario.hasSteps({ product: 'COMPENSATING' });
  });

  test('leaves what is not stuck alone', () => {
    stuckUndoing()
      .when(operator({ action: 'force-compensated', step: 'coupon', evidence: 'none' }))
      .isRefused(/not possible/);
  });
});

describe('a paused saga', () => {
  const paused = () => waiting().when(operator({ action: 'pause' }));

  test('records what arrives and sends nothing', () => {
    paused().when(succeeded('product')).hasSteps({ product: 'SUCCEEDED', balance: 'WAITING' }).sendsNothing();
  });

  test('does not turn on a timer, and is not woken', () => {
    const scenario = paused();
    expect(scenario.wokenAt).toBe(undefined);
    scenario.when(after(2 * 60 * 60)).staysAsItWas();
  });

  test('that is refused turns back, and undoes nothing before it is resumed', () => {
    begun(placeOrder)
      .when(operator({ action: 'pause' }))
      .when(rejected('product', 'OUT_OF_STOCK'), rejected('coupon', 'COUPON_EXPIRED'))
      .is('COMPENSATING')
      .failsWith('OUT_OF_STOCK', 'product')
      .hasSteps({ product: 'REJECTED', coupon: 'REJECTED' })
      .sendsNothing()
      .when(operator({ action: 'resume' }))
      .sends('cancel-order-command');
  });

  test('that the customer cancels turns back, and undoes nothing before it is resumed', () => {
    paused()
      .when(cancelled())
      .is('COMPENSATING')
      .sendsNothing()
      .when(operator({ action: 'resume' }))
      .sends('restore-product-command');
  });

  test('does not send its first commands again when the order comes once more', () => {
    paused().when(created()).staysAsItWas().sendsNothing();
  });

  test('ends when nothing is left to be sent, and then is paused no more', () => {
    const scenario = begun(shipping).when(succeeded('delivery'), succeeded('coupon'), operator({ action: 'pause' }));
    scenario.when(succeeded('complete')).is('COMPLETED');
    expect(scenario.saga.paused).toBe(undefined);
    begun(placeOrder, { couponId: null })
      .when(rejected('product', 'OUT_OF_STOCK'), operator({ action: 'pause' }), undone('order'))
      .is('COMPENSATED')
      .allows();
  });

  test('sends what became ready when it is resumed, and what is unanswered once more', () => {
    begun(placeOrder, { finalAmount: 0 })
      .when(operator({ action: 'pause' }), succeeded('product'))
      .when(operator({ action: 'resume' }))
      .sends('use-coupon-command')
      .when(succeeded('coupon'))
      .sends('create-delivery-command');
    waiting()
      .when(operator({ action: 'pause' }), succeeded('product'), operator({ action: 'resume' }))
      .sends('deduct-balance-command');
  });

  test('has as much more time as it was paused', () => {
    const scenario = paused()
      .when(after(2 * 60 * 60), operator({ action: 'resume' }))
      .is('RUNNING');
    expect(scenario.saga).toMatchObject({ pausedForMs: 2 * HOUR_MS });
    expect(scenario.saga.paused).toBe(undefined);
    scenario.when(after(59 * 60)).is('RUNNING');
    scenario.when(after(60)).is('COMPENSATING').failsWith('DEADLINE', 'product');
    expect(scenario.now).toBe(NINE_O_CLOCK + 3 * HOUR_MS);
  });

  test('twice has both times more', () => {
    const again = paused().when(after(60), operator({ action: 'resume' }), after(10), operator({ action: 'pause' }));
    again.when(after(120), operator({ action: 'resume' }));
    expect(again.saga.pausedForMs).toBe(3 * MINUTE_MS);
  });

  test('has no less time when the clock went back meanwhile', () => {
    expect(paused().when(after(-60), operator({ action: 'resume' })).saga.pausedForMs).toBe(0);
  });

  test('that the inboxes have forgotten is stuck when it is resumed', () => {
    const scenario = begun(shipping).when(succeeded('delivery'), operator({ action: 'pause' }));
    scenario.when(after(31 * 24 * 60 * 60), operator({ action: 'resume' })).sendsNothing();
    scenario.isStuck('action', 'coupon', 'EXPIRED');
  });
});
