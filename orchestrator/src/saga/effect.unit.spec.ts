import { describe, expect, test } from 'vitest';
import { placeOrder } from '../sagas/place-order.ts';
import { effectOf } from './effect.ts';
import type { AwaitedSaga, Saga } from './state.ts';
import {
  after,
  begun,
  cancelled,
  created,
  failed,
  failedToUndo,
  given,
  type Happening,
  rejected,
  type Scenario,
  succeeded,
  undone,
  whenDue,
} from './testing/scenario.ts';

/** What this does to the saga, in words. */
function effects(scenario: Scenario, ...happenings: Happening[]): string[] {
  const before: Saga | AwaitedSaga | undefined = scenario.state;
  return effectOf(before, scenario.when(...happenings).state);
}

const noCoupon = { couponId: null };

describe('the history tells in words', () => {
  test('how a saga began', () => {
    expect(effects(given(placeOrder, noCoupon), created())).toEqual([
      'saga: new → RUNNING',
      'order: SUCCEEDED',
      'product: SENT',
      'coupon: SKIPPED',
    ]);
  });

  test('nothing where there is none', () => {
    expect(effects(given(placeOrder), after(1))).toEqual([]);
  });

  test('that a cancellation came before the order, and what became of it', () => {
    const scenario = given(placeOrder);
    expect(effects(scenario, cancelled())).toEqual(['a cancellation is kept until the order is known']);
    expect(effects(scenario, created())).toEqual([
      'saga: new → COMPENSATING (CANCELLED_BY_CUSTOMER)',
      'order: COMPENSATING',
    ]);
  });

  test('how steps moved on', () => {
    expect(effects(begun(placeOrder, noCoupon), succeeded('product'))).toEqual([
      'product: SENT → SUCCEEDED',
      'balance: WAITING → SENT',
    ]);
  });

  test('why the saga turned back, once', () => {
    const scenario = begun(placeOrder);
    expect(effects(scenario, rejected('coupon', 'COUPON_EXPIRED'))).toEqual([
      'saga: RUNNING → COMPENSATING (COUPON_EXPIRED)',
      'product: SENT → COMPENSATING',
      'coupon: SENT → REJECTED',
    ]);
    expect(effects(scenario, succeeded('product'))).toEqual(['product: action answered success']);
    expect(effects(scenario, undone('product'), undone('order'))).toEqual([
      'saga: COMPENSATING → COMPENSATED',
      'order: SUCCEEDED → COMPENSATED',
      'product: COMPENSATING → COMPENSATED',
    ]);
  });

  test('what was tried again', () => {
    const scenario = begun(placeOrder, noCoupon);
    expect(effects(scenario, failed('product'))).toEqual(['product: action has used up 1 attempts']);
    expect(effects(scenario, whenDue())).toEqual(['product: action sent again, attempt 2']);
  });

  test('silence, once', () => {
    const scenario = begun(placeOrder, noCoupon);
    expect(effects(scenario, after(10))).toEqual(['product: participant silent since 2026-03-01T09:00:00.000Z']);
    expect(effects(scenario, after(60))).toEqual([]);
  });

  test('that something is stuck, once', () => {
    const scenario = begun(placeOrder, noCoupon).when(cancelled());
    while (scenario.compensation('product').used < 7) scenario.when(failedToUndo('product')).when(whenDue());
    expect(effects(scenario, failedToUndo('product'))).toEqual([
      'product: compensation has used up 8 attempts',
      'product: compensation is STUCK (STEP_FAILED)',
    ]);
    expect(effects(scenario, whenDue(), failedToUndo('product'))).toEqual([
      'product: compensation sent again, attempt 9',
      'product: compensation has used up 9 attempts',
    ]);
  });

  test('nothing of an asking that came too late', () => {
    expect(effects(begun(placeOrder).when(cancelled()), cancelled())).toEqual([]);
  });
});
