import { describe, expect, test } from 'vitest';
import { allSagas } from '../sagas/all.ts';
import { placeOrder } from '../sagas/place-order.ts';
import { rebuild } from './rebuild.ts';
import { createRegistry } from './registry.ts';
import { sagaOf, step } from './testing/definitions.ts';
import {
  after,
  begun,
  cancelled,
  created,
  failed,
  given,
  rejected,
  type Scenario,
  succeeded,
  undone,
  whenDue,
} from './testing/scenario.ts';

describe('the state can be rebuilt from the journal', () => {
  test.each<[string, () => Scenario]>([
    ['of a saga that is going on', () => begun(placeOrder).when(after(1), succeeded('product'), after(20))],
    [
      'of one that completed after failures and silence',
      () =>
        begun(placeOrder, { couponId: null })
          .when(failed('product'), whenDue(), after(10, { probing: ['product'] }), succeeded('product', { attempt: 1 }))
          .when(after(10, { overtaken: ['balance'] }), whenDue(), succeeded('balance'), succeeded('balance'))
          .when(after(2), succeeded('delivery'), cancelled(), succeeded('complete')),
    ],
    [
      'of one that was undone',
      () =>
        begun(placeOrder)
          .when(after(2), rejected('coupon', 'COUPON_EXPIRED'), cancelled(), undone('product'))
          .when(succeeded('product'), undone('order')),
    ],
    ['of one that was cancelled before it began', () => given(placeOrder).when(cancelled(), after(3), created())],
    ['of one whose order has not come', () => given(placeOrder).when(cancelled())],
    ['of one that does not exist', () => given(placeOrder).when(after(5))],
  ])('%s', (_what, tell) => {
    const { journal, state } = tell();
    expect(rebuild(allSagas, journal)).toStrictEqual(state);
    expect(rebuild(allSagas, JSON.parse(JSON.stringify(journal)))).toStrictEqual(state);
  });

  test('on the version that it started with, though there is a later one', () => {
    const [first, second] = [1, 2].map((version) =>
      sagaOf({ complete: step('complete-order-command', { pivot: true, when: () => version === 1 }) }, { version }),
    );
    if (!first || !second) throw new Error('two versions');
    const registry = createRegistry([first, second]);
    const { journal, state } = given(first).when(cancelled(), created());
    expect(rebuild(registry, journal, first)).toStrictEqual(state);
    expect(rebuild(registry, begun(second).journal)).toStrictEqual(begun(second).state);
    expect(() => rebuild(registry, journal, { name: 'test-order', version: 3 })).toThrow('no definition');
  });

  test('not where its definition is not known: that is an error, not another saga', () => {
    const { journal } = begun(placeOrder);
    expect(() => rebuild(createRegistry([]), journal)).toThrow(
      'no definition for order-created at 2026-03-01T09:00:00',
    );
  });
});
