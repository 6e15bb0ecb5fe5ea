import { describe, expect, test } from 'vitest';
import { placeOrder } from '../sagas/place-order.ts';
import { chain, sagaOf, step } from './testing/definitions.ts';
import { NINE_O_CLOCK } from './testing/messages.ts';
import {
  after,
  begun,
  cancelled,
  created,
  DAY_MS,
  failed,
  given,
  HOUR_MS,
  MINUTE_MS,
  rejected,
  SECOND_MS,
  succeeded,
  undone,
  whenDue,
} from './testing/scenario.ts';

const DAY_SECONDS = 24 * 60 * 60;
const delivered = () =>
  begun(placeOrder).when(succeeded('product'), succeeded('coupon'), succeeded('balance'), succeeded('delivery'));

describe('a timer', () => {
  test('that is not due does nothing', () => {
    begun(placeOrder).when(after(9.999)).staysAsItWas().sendsNothing();
  });

  test('is due at the very moment', () => {
    begun(placeOrder)
      .when(after(10, { probing: ['product', 'coupon'] }))
      .sends('decrease-product-command', 'use-coupon-command');
  });

  test('that no longer matters does nothing', () => {
    begun(placeOrder, { couponId: null, finalAmount: 0 })
      .when(after(5), succeeded('product'))
      .when(after(5, { overtaken: ['product'], probing: ['product'] }))
      .staysAsItWas()
      .sendsNothing();
  });

  test('for a saga that is not known, or whose order is not, does nothing', () => {
    const timer = { type: 'timer', id: 't', answeredUpTo: {}, mayProbe: [], expiredBefore: 0 } as const;
    given(placeOrder)
      .when(() => timer)
      .staysAsItWas()
      .sendsNothing();
    given(placeOrder)
      .when(cancelled())
      .when(() => timer)
      .staysAsItWas()
      .sendsNothing();
  });

  test('for a saga that has ended does nothing', () => {
    delivered().when(succeeded('complete')).when(after(DAY_SECONDS)).staysAsItWas().sendsNothing();
  });

  test('does all that is due, each thing for itself', () => {
    const scenario = begun(placeOrder).when(after(10, { overtaken: ['product'], probing: ['product', 'coupon'] }));
    scenario.sends('use-coupon-command');
    expect(scenario.action('product').next?.why).toBe('backoff');
    expect(scenario.action('coupon').next?.why).toBe('silent');
  });

  test.each([
    ['product', 'coupon'],
    ['coupon', 'product'],
  ])('that turns the saga back for %s sends no action any more, though %s was due', (lost, waiting) => {
    const definition = sagaOf({
      product: step('decrease-product-command', { retry: { attempts: 1 } }),
      coupon: step('use-coupon-command', { retry: { attempts: 1 } }),
      complete: step('complete-order-command', { after: ['product', 'coupon'], pivot: true }),
    });
    begun(definition)
      .when(after(10, { overtaken: [lost], probing: [waiting] }))
      .is('COMPENSATING')
      .sends('restore-product-command', 'restore-coupon-command');
  });

  test('of what the inboxes may have forgotten is stuck for good, also where it was overtaken', () => {
    const scenario = delivered().when(after(31 * 24 * 60 * 60, { overtaken: ['complete'] }));
    scenario.sendsNothing().isStuck('action', 'complete', 'EXPIRED');
    expect(scenario.action('complete').used).toBe(0);
  });

  test('of the deadline turns the saga back though commands are due as well, and resends none', () => {
    begun(chain({}, {}, {}, {}))
      .when(after(60 * 60, { overtaken: ['product'], probing: ['product'] }))
      .sends('restore-product-command');
  });
});

describe('the moment to wake a saga', () => {
  test('is the earliest at which anything could be due', () => {
    const scenario = begun(placeOrder).when(after(4), succeeded('product'));
    expect(scenario.wokenAt).toBe(NINE_O_CLOCK + 10 * SECOND_MS);
    scenario.when(succeeded('coupon'));
    expect(scenario.wokenAt).toBe(NINE_O_CLOCK + 14 * SECOND_MS);
  });

  test('is told apart from the look at a silent participant, which nobody waits for', () => {
    const scenario = begun(placeOrder).when(after(4), succeeded('product'), after(6));
    const look = NINE_O_CLOCK + 70 * SECOND_MS;
    expect(scenario.action('coupon').next).toEqual({ at: look, why: 'silent' });
    expect(scenario.wakeUps).toEqual({ wakeAt: NINE_O_CLOCK + HOUR_MS, lookAt: look });
    scenario.when(after(5));
    expect(scenario.wakeUps, 'it is not put off by what happens before').toMatchObject({ lookAt: look });
    scenario.when(failed('coupon'));
    expect(scenario.wakeUps).toMatchObject({ wakeAt: scenario.action('coupon').next?.at, lookAt: undefined });
  });

  test('is the deadline, where that comes first', () => {
    const definition = sagaOf({ delivery: step('create-delivery-command', { pivot: true }) }, { deadlineMs: 3_000 });
    const scenario = begun(definition);
    expect(scenario.wokenAt).toBe(NINE_O_CLOCK + 3_000);
    scenario.when(whenDue()).is('COMPENSATING').failsWith('DEADLINE', 'delivery');
  });

  test('is not the deadline after the pivot', () => {
    expect(delivered().when(after(59 * 60 + 55)).wokenAt).toBe(NINE_O_CLOCK + HOUR_MS + 4 * MINUTE_MS + 55 * SECOND_MS);
  });

  test('is not the deadline going back, where compensations are due', () => {
    const scenario = begun(placeOrder).when(cancelled());
    expect(scenario.wokenAt).toBe(NINE_O_CLOCK + 10 * SECOND_MS);
    scenario
      .when(after(60 * 60))
      .is('COMPENSATING')
      .failsWith('CANCELLED_BY_CUSTOMER', 'order');
  });

  test('is none once the saga has ended', () => {
    expect(delivered().when(succeeded('complete')).wokenAt).toBe(undefined);
    const undoneOrder = begun(placeOrder, { couponId: null }).when(
      rejected('product', 'OUT_OF_STOCK'),
      undone('order'),
    );
    expect(undoneOrder.is('COMPENSATED').wokenAt).toBe(undefined);
  });
});

describe('a command older than the inbox remembers', () => {
  const longDelivered = () => delivered().when(after(30 * DAY_SECONDS));

  test('is still sent again when it is exactly as old', () => {
    longDelivered()
      .when(whenDue({ probing: ['complete'] }))
      .is('RUNNING');
    delivered()
      .when(after(30 * DAY_SECONDS, { probing: ['complete'] }))
      .sends('complete-order-command');
  });

  test('is never sent again: it is stuck, and nothing is due any more', () => {
    const scenario = delivered().when(after(30 * DAY_SECONDS + 1, { probing: ['complete'] }));
    scenario.is('RUNNING').sendsNothing().isStuck('action', 'complete', 'EXPIRED');
    expect(scenario.wokenAt).toBe(undefined);
    scenario.when(after(DAY_SECONDS, { probing: ['complete'], overtaken: ['complete'] })).staysAsItWas();
  });

  test('is reckoned from its first sending, whatever was sent since', () => {
    const scenario = delivered().when(after(30 * DAY_SECONDS, { probing: ['complete'] }));
    scenario.when(whenDue({ probing: ['complete'] })).sendsNothing();
    expect(scenario.action('complete')).toMatchObject({ attempt: 2, stuck: { code: 'EXPIRED' } });
  });

  test('is not sent again by a backoff either, and stays stuck since when it was', () => {
    const scenario = delivered();
    while (scenario.action('complete').used < 8) scenario.when(failed('complete'), whenDue());
    const since = scenario.action('complete').stuck?.since;
    scenario.when(failed('complete'), after(30 * DAY_SECONDS + 1)).sendsNothing();
    expect(scenario.action('complete').stuck).toEqual({ since, code: 'EXPIRED' });
  });

  test('is not sent again by a duplicate of what caused it', () => {
    delivered()
      .when(after(30 * DAY_SECONDS + 1))
      .when(succeeded('delivery'))
      .staysAsItWas()
      .sendsNothing();
  });

  test('is still settled by its success, should that come', () => {
    const scenario = delivered()
      .when(after(30 * DAY_SECONDS + 1), succeeded('complete'))
      .is('COMPLETED');
    expect(scenario.action('complete').stuck).toBe(undefined);
  });

  test('is not settled by a failure: there is no further attempt to make', () => {
    delivered()
      .when(after(30 * DAY_SECONDS + 1))
      .when(failed('complete'))
      .staysAsItWas();
  });

  test('before the pivot can still be cancelled: it is undone, and not stuck any more', () => {
    const definition = sagaOf(
      { delivery: step('create-delivery-command', { pivot: true }) },
      { deadlineMs: 60 * DAY_MS },
    );
    const scenario = begun(definition)
      .when(after(30 * DAY_SECONDS + 1))
      .isStuck('action', 'delivery', 'EXPIRED');
    expect(scenario.wokenAt).toBe(NINE_O_CLOCK + 60 * DAY_MS);
    scenario.when(cancelled()).sends('cancel-delivery-command');
    expect(scenario.action('delivery').stuck).toBe(undefined);
  });

  test('holds up a saga going back, visibly; what else is to be undone goes on', () => {
    const scenario = begun(placeOrder)
      .when(cancelled())
      .when(after(30 * DAY_SECONDS + 1), undone('product'));
    scenario.is('COMPENSATING').hasSteps({ product: 'COMPENSATED', coupon: 'COMPENSATING', order: 'SUCCEEDED' });
    expect(scenario.compensation('coupon').stuck?.code).toBe('EXPIRED');
    scenario.when(undone('coupon')).sends('cancel-order-command');
  });
});

describe('the order announced to a saga that has long expired', () => {
  test('sends nothing of it again', () => {
    begun(placeOrder)
      .when(cancelled())
      .when(after(31 * DAY_SECONDS))
      .when(created())
      .staysAsItWas()
      .sendsNothing();
  });
});
