import { commandId } from '@saga/messages/ids';
import { describe, expect, test } from 'vitest';
import { placeOrder } from '../sagas/place-order.ts';
import { topicOf } from './command-message.ts';
import { sagaOf, step } from './testing/definitions.ts';
import { ORDER_ID, TRACEPARENT } from './testing/messages.ts';
import {
  after,
  begun,
  cancelled,
  created,
  failed,
  failedToUndo,
  given,
  succeeded,
  whenDue,
} from './testing/scenario.ts';

const NINE = '2026-03-01T09:00:00.000Z';

describe('a command', () => {
  test('is keyed by the saga, and tells in its envelope all that its reply needs to find its step', () => {
    const [decrease] = begun(placeOrder).sent;
    const id = commandId(ORDER_ID, 'product', 'action', 0);
    expect(decrease).toEqual({
      topic: 'decrease-product-command',
      key: ORDER_ID,
      envelope: {
        id,
        source: '/orchestrator',
        time: NINE,
        subject: ORDER_ID,
        traceparent: TRACEPARENT,
        commandId: id,
        step: 'product',
        attempt: 1,
        actionId: undefined,
      },
      body: { orderId: ORDER_ID, items: [{ productId: 1, quantity: 2, unitPrice: 10_000 }] },
    });
  });

  test('is made at the moment of its first sending, and its time is kept on every resend', () => {
    const scenario = given(placeOrder, { couponId: null }).when(after(5), created());
    expect(scenario.onlySent.envelope.time).toBe('2026-03-01T09:00:05.000Z');
    scenario.when(failed('product'), whenDue());
    expect(scenario.onlySent.envelope).toMatchObject({ attempt: 2, time: '2026-03-01T09:00:05.000Z' });
    scenario.when(after(10, { probing: ['product'] }));
    expect(scenario.onlySent.envelope).toMatchObject({ attempt: 3, time: '2026-03-01T09:00:05.000Z' });
  });

  test('of a compensation keeps the id of what it undoes on every resend', () => {
    const scenario = begun(placeOrder, { couponId: null }).when(cancelled());
    const { onlySent } = scenario;
    scenario.when(failedToUndo('product'), whenDue());
    expect(scenario.onlySent).toEqual({ ...onlySent, envelope: { ...onlySent.envelope, attempt: 2 } });
    expect(onlySent.envelope).toMatchObject({ actionId: commandId(ORDER_ID, 'product', 'action', 0), time: NINE });
  });

  test('says the same on every resend, although replies have come since that it might have read', () => {
    const definition = sagaOf({
      balance: step('deduct-balance-command'),
      delivery: step('create-delivery-command'),
      // Comes after the delivery only: what the balance replies is none of its business.
      complete: step('complete-order-command', { after: ['delivery'], compensation: 'restore-coupon-command' }),
      product: step('decrease-product-command', { after: ['balance', 'complete'], pivot: true }),
    });
    const scenario = begun(definition).when(succeeded('delivery'));
    const { onlySent } = scenario;
    expect(onlySent.body).toMatchObject({
      paymentId: null,
      deliveryId: commandId(ORDER_ID, 'delivery', 'action', 0),
    });
    scenario.when(succeeded('balance'), failed('complete'), whenDue());
    expect(scenario.onlySent.body).toEqual(onlySent.body);
  });

  test('reads the reply of an earlier step at any distance, and nothing where that was skipped', () => {
    const scenario = begun(placeOrder, { couponId: null }).when(succeeded('product'), succeeded('balance'));
    scenario.when(succeeded('delivery'));
    expect(scenario.onlySent.body).toEqual({
      orderId: ORDER_ID,
      paymentId: commandId(ORDER_ID, 'balance', 'action', 0),
      deliveryId: commandId(ORDER_ID, 'delivery', 'action', 0),
    });
    const unpaid = begun(placeOrder, { couponId: null, finalAmount: 0 }).when(succeeded('product'));
    unpaid.when(succeeded('delivery'));
    expect(unpaid.onlySent.body).toMatchObject({ paymentId: null });
  });
});

test('a step without a compensation has no topic for one: to ask for it is a bug', () => {
  expect(() => topicOf(placeOrder, { step: 'complete', operation: 'compensation' })).toThrow(
    'place-order: step complete has no compensation',
  );
  expect(() => topicOf(placeOrder, { step: 'order', operation: 'action' })).toThrow(
    'place-order: step order has no action',
  );
});
