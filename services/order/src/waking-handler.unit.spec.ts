import { finalFactId } from '@saga/messages/ids';
import type { Message } from '@saga/messages/message';
import type { DeliveryHandler } from '@saga/service-kit/delivery';
import { expect, it } from 'vitest';
import { completeOrder } from './order-messages.fixture.ts';
import { createOrderWaiters } from './order-waiters.ts';
import { wakingHandler } from './waking-handler.ts';

const COMPLETED = '0190aaaa-aaaa-7aaa-8aaa-aaaaaaaaaaaa';
const CANCELLED = '0190bbbb-bbbb-7bbb-8bbb-bbbbbbbbbbbb';
const REFUSED = '0190cccc-cccc-7ccc-8ccc-cccccccccccc';

const fact = (key: string) => {
  const { envelope } = completeOrder(key);
  return { key, envelope: { ...envelope, id: finalFactId(envelope.id) } };
};
const published: Message[] = [
  { topic: 'order-completed', ...fact(COMPLETED), body: { orderId: COMPLETED, outcome: 'success' } },
  { topic: 'order-cancelled', ...fact(CANCELLED), body: { orderId: CANCELLED, outcome: 'success' } },
  {
    topic: 'order-completed',
    ...fact(REFUSED),
    body: { orderId: REFUSED, outcome: 'rejected', reason: { code: 'FENCED', message: 'cancelled before' } },
  },
];

it('whoever waits for an order that a batch ended is woken, after the commit', async () => {
  const woken: string[] = [];
  const committed: DeliveryHandler = {
    topics: [],
    lanes: 1,
    handle: async () => {
      expect(woken).toEqual([]);
      return { publish: published, dead: [], left: [] };
    },
    failed: () => [],
  };
  const waiters = createOrderWaiters({ findEnded: async () => [] });
  for (const orderId of [COMPLETED, CANCELLED, REFUSED])
    void waiters.join(orderId, 60_000, new AbortController().signal).over.then(() => woken.push(orderId));

  expect(await wakingHandler(committed, waiters).handle([])).toEqual({ publish: published, dead: [], left: [] });
  await Promise.resolve();
  expect(woken).toEqual([COMPLETED, CANCELLED]);
  waiters.close();
});
