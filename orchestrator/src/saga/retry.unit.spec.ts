import { describe, expect, test } from 'vitest';
import { placeOrder } from '../sagas/place-order.ts';
import { backoffMs } from './retry.ts';
import { chain } from './testing/definitions.ts';
import { NINE_O_CLOCK } from './testing/messages.ts';
import {
  after,
  begun,
  failed,
  failedToUndo,
  forged,
  rejected,
  SECOND_MS,
  succeeded,
  undone,
  whenDue,
} from './testing/scenario.ts';

/** The default. */
const policy = { timeoutMs: 10_000, attempts: 8, backoff: { initialMs: 1_000, factor: 2, maxMs: 60_000 } };
const noCoupon = { couponId: null };

describe('a failure of the current attempt', () => {
  test('sends the same command again after the backoff, and not before: same id, attempt + 1', () => {
    const scenario = begun(placeOrder, noCoupon);
    const first = scenario.onlySent;
    scenario.when(after(2), failed('product')).sendsNothing().hasSteps({ product: 'SENT' });
    const due = scenario.wokenAt ?? 0;
    expect(due).toBe(scenario.now + backoffMs(policy, 1, first.envelope.id));
    scenario
      .when(after((due - 1 - scenario.now) / SECOND_MS))
      .staysAsItWas()
      .sendsNothing();
    scenario.when(after(1 / SECOND_MS)).sends('decrease-product-command');
    expect(scenario.onlySent).toEqual({ ...first, envelope: { ...first.envelope, attempt: 2 } });
  });

  test('is kept, for who wants to know why it is sent again', () => {
    const { saga, now } = begun(placeOrder, noCoupon).when(after(2), failed('product'));
    expect(saga.steps.product).toMatchObject({
      runs: [
        {
          action: {
            used: 1,
            failed: { attempt: 1, at: now, reason: { code: 'INTERNAL', message: 'the disk is full' } },
            next: { why: 'backoff' },
          },
        },
      ],
    });
  });

  test('gives the next sending its whole timeout again', () => {
    const scenario = begun(placeOrder, noCoupon).when(failed('product'), whenDue());
    expect(scenario.action('product')).toMatchObject({
      attempt: 2,
      firstSentAt: NINE_O_CLOCK,
      sentAt: scenario.now,
      next: { at: scenario.now + 10 * SECOND_MS, why: 'reply' },
    });
  });

  test('of the only attempt turns the saga back at once', () => {
    begun(chain({ retry: { attempts: 1 } }))
      .when(failed('product'))
      .is('COMPENSATING');
  });

  test('of a compensation is retried by the compensation’s own policy', () => {
    const definition = chain({
      retry: { timeoutMs: 1_000 },
      compensationRetry: { timeoutMs: 7_000, attempts: 1, backoff: { initialMs: 500, factor: 1, maxMs: 500 } },
    });
    const scenario = begun(definition).when(succeeded('product'), rejected('balance', 'INSUFFICIENT_BALANCE'));
    expect(scenario.wokenAt).toBe(scenario.now + 7_000);
    scenario.when(failedToUndo('product')).isStuck('compensation', 'product', 'STEP_FAILED');
    expect((scenario.wokenAt ?? 0) - scenario.now).toBeLessThanOrEqual(500);
    scenario.when(whenDue()).sends('restore-product-command');
    expect(scenario.wokenAt).toBe(scenario.now + 7_000);
  });
});

describe('a failure changes nothing (trap 26)', () => {
  test('when it answers an earlier attempt', () => {
    begun(placeOrder, noCoupon)
      .when(failed('product'), whenDue())
      .when(failed('product', { attempt: 1 }))
      .staysAsItWas()
      .sendsNothing();
  });

  test('when it comes a second time', () => {
    begun(placeOrder, noCoupon).when(failed('product')).when(failed('product')).staysAsItWas().sendsNothing();
  });

  test('when the timeout of the sending that it answers has already been counted', () => {
    begun(placeOrder, noCoupon)
      .when(after(10, { overtaken: ['product'] }))
      .when(failed('product'))
      .staysAsItWas();
  });

  test('when it does not say which attempt it answers', () => {
    begun(placeOrder, noCoupon)
      .when(forged(failed('product'), ({ envelope }) => ({ envelope: { ...envelope, attempt: undefined } })))
      .staysAsItWas();
  });

  test('when its step has been answered since', () => {
    begun(placeOrder, noCoupon)
      .when(failed('product'), whenDue(), succeeded('product'))
      .when(failed('product', { attempt: 2 }))
      .staysAsItWas();
  });

  test('when its step is being undone', () => {
    begun(placeOrder).when(rejected('coupon', 'COUPON_EXPIRED')).when(failed('product')).staysAsItWas().sendsNothing();
  });
});

describe('a success is a success', () => {
  test('whichever attempt it answers', () => {
    begun(placeOrder, noCoupon)
      .when(failed('product'), whenDue())
      .when(succeeded('product', { attempt: 1 }))
      .hasSteps({ product: 'SUCCEEDED' })
      .sends('deduct-balance-command');
  });

  test('also during the backoff: nothing is sent again', () => {
    begun(placeOrder, noCoupon)
      .when(failed('product'), succeeded('product'))
      .hasSteps({ product: 'SUCCEEDED' })
      .when(after(5))
      .staysAsItWas();
  });

  test('and so is a refusal a refusal', () => {
    begun(placeOrder, noCoupon)
      .when(failed('product'), whenDue())
      .when(rejected('product', 'OUT_OF_STOCK', { attempt: 1 }))
      .is('COMPENSATING');
  });

  test('of a compensation, too', () => {
    begun(placeOrder)
      .when(rejected('coupon', 'COUPON_EXPIRED'), failedToUndo('product'), whenDue())
      .when(undone('product', { attempt: 1 }))
      .hasSteps({ product: 'COMPENSATED' });
  });
});

describe('the backoff', () => {
  test('doubles from 1 s up to a minute', () => {
    const noJitter = '00000000-0000-5000-8000-000000000000';
    const waits = [1, 2, 3, 4, 5, 6, 7, 8, 2_000].map((used) => backoffMs(policy, used, noJitter) / SECOND_MS);
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
  });

  test('is shorter by up to a fifth, by jitter', () => {
    const mostJitter = 'ffffffff-0000-5000-8000-000000000000';
    const waits = [1, 2, 8].map((used) => backoffMs(policy, used, mostJitter) / SECOND_MS);
    expect(waits).toEqual([0.8, 1.6, 48]);
  });

  test('takes its jitter from the id, not from chance: four of its digits, others for each attempt', () => {
    const even = { ...policy, backoff: { initialMs: 65_536 * 5, factor: 1, maxMs: 65_536 * 5 } };
    const jitters = [4, 5, 6, 7, 8].map((used) => 65_536 * 5 - backoffMs(even, used, '01234567-89ab-5000-8000-0'));
    expect(jitters).toEqual([0x0123, 0x1234, 0x2345, 0x3456, 0x0123]);
  });
});
