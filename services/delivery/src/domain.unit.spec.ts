import { byKey } from '@saga/service-kit/participant';
import { action, compensation } from '@saga/testkit/message-builders';
import { describe, expect, test } from 'vitest';
import { cancel, create, type Delivery } from './domain.ts';

const now = new Date('2026-01-31T12:00:00Z');
const order = {
  orderId: '01980000-0000-7000-8000-000000000001',
  userId: 1,
  items: [{ productId: 1, quantity: 2, unitPrice: 300 }],
  shipTo: { recipientName: 'Ada', address: 'Remote Island 7', phone: '010-1234' },
};
const command = action('create-delivery-command', order);
const deliveryOf = (status: Delivery['status']): Delivery => ({
  ...order,
  deliveryId: command.envelope.id,
  status,
  createdAt: now,
});
const shippingOf = (deliveries: Delivery[], unserved: string[] = []) => ({
  deliveries: byKey(deliveries, ({ deliveryId }) => deliveryId),
  unservedAreas: byKey(
    unserved.map((prefix) => ({ prefix })),
    ({ prefix }) => prefix,
  ),
});

describe('creating a delivery', () => {
  test('arranges it under the id of the command', () => {
    expect(create(shippingOf([]), command, now)).toEqual({
      outcome: 'success',
      reply: { deliveryId: command.envelope.id },
      changes: { deliveries: [deliveryOf('CREATED')] },
    });
  });

  test('ADDRESS_UNDELIVERABLE: the address starts with an unserved prefix', () => {
    expect(create(shippingOf([], ['Remote Island']), command, now)).toEqual({
      outcome: 'rejected',
      reason: { code: 'ADDRESS_UNDELIVERABLE', message: expect.stringContaining('Remote Island') },
    });
  });

  test('an address that only contains an unserved prefix is served', () => {
    expect(create(shippingOf([], ['Island']), command, now).outcome).toBe('success');
  });

  test('an order without an address is served: it is picked up', () => {
    const pickUp = action('create-delivery-command', { ...order, shipTo: null });
    expect(create(shippingOf([], ['Remote Island']), pickUp, now)).toMatchObject({
      outcome: 'success',
      changes: { deliveries: [{ shipTo: null }] },
    });
  });
});

describe('cancelling a delivery', () => {
  const undo = compensation('cancel-delivery-command', command);

  test('calls it off', () => {
    expect(cancel(shippingOf([deliveryOf('CREATED')]), undo)).toEqual({ deliveries: [deliveryOf('CANCELLED')] });
  });

  test('does nothing the second time', () => {
    expect(cancel(shippingOf([deliveryOf('CANCELLED')]), undo)).toBe('nothing');
  });

  test('does nothing where there is no delivery', () => {
    expect(cancel(shippingOf([]), undo)).toBe('nothing');
  });
});
