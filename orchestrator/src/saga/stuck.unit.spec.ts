import { describe, expect, test } from 'vitest';
import { placeOrder } from '../sagas/place-order.ts';
import { stuckOf } from './stuck.ts';
import { sagaOf, step } from './testing/definitions.ts';
import { after, begun, cancelled, failedToUndo, rejected, succeeded, undone, whenDue } from './testing/scenario.ts';

describe('what a saga is stuck in', () => {
  test('is nothing while all goes well', () => {
    expect(stuckOf(begun(placeOrder).saga)).toBe(undefined);
  });

  test('is an action that nobody may refuse any more', () => {
    const definition = sagaOf({
      delivery: step('create-delivery-command', { pivot: true }),
      complete: step('complete-order-command', { after: ['delivery'] }),
    });
    const scenario = begun(definition).when(succeeded('delivery'), after(3), rejected('complete', 'FENCED'));
    expect(stuckOf(scenario.saga)).toEqual({ since: scenario.now, step: 'complete', code: 'FENCED' });
  });

  test('is of several the one that has been stuck for the longest, whatever its place', () => {
    const scenario = begun(placeOrder).when(cancelled());
    while (!scenario.compensation('coupon').stuck) scenario.when(failedToUndo('coupon')).when(whenDue());
    const since = scenario.compensation('coupon').stuck?.since;
    while (!scenario.compensation('product').stuck) scenario.when(failedToUndo('product')).when(whenDue());
    expect(scenario.compensation('product').stuck?.since).toBeGreaterThan(since ?? 0);
    expect(stuckOf(scenario.saga)).toEqual({ since, step: 'coupon', code: 'STEP_FAILED' });
    scenario.when(undone('coupon'));
    expect(stuckOf(scenario.saga)?.step).toBe('product');
    scenario.when(undone('product'));
    expect(stuckOf(scenario.saga)).toBe(undefined);
  });
});
