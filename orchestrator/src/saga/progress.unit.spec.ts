import { describe, expect, test } from 'vitest';
import { placeOrder } from '../sagas/place-order.ts';
import { findCommand, openCommands, Progress, sentCommands } from './progress.ts';
import { stateOf } from './state.ts';
import { triedAgain } from './testing/generations.ts';
import { after, begun, cancelled, rejected, succeeded, undone } from './testing/scenario.ts';

const started = () => begun(placeOrder).saga;

describe('the commands of a saga', () => {
  test('are those that it sent: the order’s own creation is none', () => {
    expect(sentCommands(started())).toEqual([
      { step: 'product', generation: 0, operation: 'action' },
      { step: 'coupon', generation: 0, operation: 'action' },
    ]);
    expect(sentCommands(begun(placeOrder, { couponId: null }).when(rejected('product', 'OUT_OF_STOCK')).saga)).toEqual([
      { step: 'order', generation: 0, operation: 'compensation' },
      { step: 'product', generation: 0, operation: 'action' },
    ]);
  });

  test('are open while they are unanswered and wanted: actions going forward, compensations going back', () => {
    const scenario = begun(placeOrder).when(succeeded('product'));
    expect(openCommands(scenario.saga)).toEqual([{ step: 'coupon', generation: 0, operation: 'action' }]);
    scenario.when(cancelled(), undone('coupon'));
    expect(openCommands(scenario.saga)).toEqual([{ step: 'product', generation: 0, operation: 'compensation' }]);
    scenario.when(undone('product'), undone('order'));
    expect(openCommands(scenario.saga)).toEqual([]);
  });

  test('are not open of an earlier generation that was undone, answered or not', () => {
    const scenario = triedAgain(begun(placeOrder, { couponId: null }), 'product');
    expect(openCommands(scenario.saga)).toEqual([{ step: 'product', generation: 1, operation: 'action' }]);
  });

  test('are found by their id', () => {
    const scenario = begun(placeOrder).when(cancelled());
    expect(findCommand(scenario.saga, scenario.action('coupon').commandId)).toEqual({
      step: 'coupon',
      generation: 0,
      operation: 'action',
    });
    expect(findCommand(scenario.saga, scenario.compensation('coupon').commandId)).toEqual({
      step: 'coupon',
      generation: 0,
      operation: 'compensation',
    });
    expect(findCommand(scenario.saga, 'another')).toBe(undefined);
  });
});

describe('it is a bug, and crashes', () => {
  const progress = () => new Progress(placeOrder, started(), 'a-message', 0);
  const waiting = { step: 'balance', generation: 0, operation: 'action' } as const;

  test('to ask for a command that was never sent', () => {
    expect(() => progress().command(waiting)).toThrow(/has no action 0 of step balance/);
    expect(() => progress().command({ step: 'product', generation: 1, operation: 'action' })).toThrow(
      /has no action 1 of step product/,
    );
  });

  test('to settle a step that was never sent', () => {
    expect(() => progress().setStatus('balance', 'SUCCEEDED')).toThrow(/step balance of saga .* was never sent/);
  });

  test('to ask for a step that does not exist', () => {
    expect(() => stateOf(started(), 'gift')).toThrow(/has no step gift/);
    expect(() => progress().defined('gift')).toThrow('place-order v1 has no step gift');
  });
});

test('the saga that a transition starts from is never changed', () => {
  const scenario = begun(placeOrder).when(after(1));
  const before = JSON.stringify(scenario.saga);
  const { saga } = scenario;
  scenario.when(succeeded('product'), succeeded('coupon'));
  expect(JSON.stringify(saga)).toBe(before);
});
