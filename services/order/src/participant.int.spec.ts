import { failedFactId, finalFactId, newOrderId, orderActionId, processedId } from '@saga/messages/ids';
import { replicaOf } from '@saga/testkit/participant-contract';
import { expectReadsByKey } from '@saga/testkit/reads-by-key-contract';
import { testDatabase } from '@saga/testkit/test-database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cancelOrder, completeOrder, couponChanged, PAYMENT, productChanged } from './order-messages.fixture.ts';
import { eventually, ORDER, type OrderServiceUnderTest, startOrderService } from './order-service.fixture.ts';
import { orderParticipant } from './participant.ts';

let shop: OrderServiceUnderTest;
beforeAll(async () => {
  shop = await startOrderService(await testDatabase('order'));
  await shop.ready();
});
afterAll(() => shop.stop());

/** What was published for an order after its announcement, once there is so much of it. */
const answers = (orderId: string, count: number) =>
  eventually(() => {
    const published = shop.published(orderId).filter(({ topic }) => topic !== 'order-created');
    expect(published).toHaveLength(count);
    return published;
  });

it('a message costs the order that it names, however many others there are', async () => {
  const place = async () => completeOrder((await shop.place()).orderId);
  await expectReadsByKey({
    database: shop.database,
    others: (count) => Promise.all(Array.from({ length: count }, place)),
    one: async (watched) => replicaOf(orderParticipant, watched).handle(await place()),
  });
});

describe('a completed order', () => {
  it('is answered and told to the outside; told again, it is the same again (trap 1, trap 2)', async () => {
    const { orderId } = await shop.place({ ...ORDER, couponId: 100 });
    const command = completeOrder(orderId);
    await shop.send(command);
    const once = await answers(orderId, 2);
    expect(once).toMatchObject([
      { topic: 'order-completed', envelope: { id: finalFactId(command.envelope.id) }, body: { outcome: 'success' } },
      {
        topic: 'order-processed',
        envelope: { id: processedId(orderId), source: '/order' },
        body: { orderId, userId: 1, finalAmount: 19_000, paymentId: PAYMENT, deliveryId: null },
      },
    ]);
    await shop.send(command);
    expect(await answers(orderId, 4)).toEqual([...once, ...once]);
  });

  it('cannot be cancelled: that is a bug, to be seen (trap 29)', async () => {
    const { orderId } = await shop.place();
    const cancel = cancelOrder(orderId);
    await shop.send(completeOrder(orderId), cancel);
    expect((await answers(orderId, 4)).slice(2)).toMatchObject([
      { topic: 'order-cancelled', envelope: { id: failedFactId(cancel.envelope.id, 1) }, body: { outcome: 'failed' } },
      { topic: 'dead-letter', body: { topic: 'cancel-order-command', error: { code: 'HANDLER_FAILED' } } },
    ]);
    expect(await shop.order(orderId)).toMatchObject({ status: 'COMPLETED' });
  });
});

describe('a cancelled order', () => {
  it('cannot be completed (trap 29)', async () => {
    const { orderId } = await shop.place();
    await shop.send(cancelOrder(orderId), completeOrder(orderId));
    expect(await answers(orderId, 2)).toMatchObject([
      { topic: 'order-cancelled', body: { outcome: 'success' } },
      { topic: 'order-completed', body: { outcome: 'rejected', reason: { code: 'FENCED' } } },
    ]);
    expect(await shop.order(orderId)).toMatchObject({ status: 'CANCELLED' });
  });

  it('that was never placed is fenced off and answered (trap 4, trap 6)', async () => {
    const orderId = newOrderId();
    await shop.send(cancelOrder(orderId));
    expect(await answers(orderId, 1)).toMatchObject([{ topic: 'order-cancelled', body: { outcome: 'success' } }]);
    expect(await shop.database.query('SELECT replies FROM inbox WHERE id = $1', [orderActionId(orderId)])).toEqual([
      { replies: null },
    ]);
  });
});

describe('what the shop knows of the other services', () => {
  const costs = async (productId: number, price: number): Promise<void> => {
    const placed = await shop.place({ userId: 1, items: [{ productId, quantity: 1 }] });
    expect(placed.totalAmount).toBe(price);
  };

  it('follows the newest version, in whatever order they come', async () => {
    await shop.send(productChanged(50, 300, 3), productChanged(50, 200, 2));
    await eventually(() => costs(50, 300));
    await shop.send(productChanged(50, 100, 1), productChanged(51, 1, 1));
    await eventually(() => costs(51, 1));
    await costs(50, 300);
    await shop.send(productChanged(50, 400, 4));
    await eventually(() => costs(50, 400));
  });

  it('is a coupon from when it was issued', async () => {
    await shop.send(couponChanged(555, { userId: 2, discountAmount: 7 }));
    await eventually(async () =>
      expect(await shop.place({ ...ORDER, userId: 2, couponId: 555 })).toMatchObject({ discountAmount: 7 }),
    );
  });
});
