import type { Message } from '@saga/messages/message';
import { deadLetter } from '@saga/service-kit/dead-letter';
import type { Delivery } from '@saga/service-kit/delivery';
import { delivered } from '@saga/testkit/message-builders';
import { expect, test } from 'vitest';
import { keepingDeadLetters } from './keep-dead-letters.ts';
import { orderCreated } from './saga-messages.fixture.ts';

const NOTHING = { publish: [], dead: [], left: [] };
const reason = { code: 'NOT_JSON', message: 'x' };
const letter = (): Message =>
  deadLetter('product', { received: delivered(orderCreated()).received, reason }, new Date());

/** What was done, in its order: `stored` when the store has it, the topics of what the handler was given. */
function keeping(keep: () => Promise<void>) {
  const done: string[] = [];
  const inner = {
    topics: ['order-created'] as const,
    lanes: 2,
    handle: async (deliveries: readonly Delivery[]) => {
      done.push(...deliveries.map(({ message }) => message.topic));
      return NOTHING;
    },
    failed: () => [],
  };
  const store = { keep: () => keep().then(() => void done.push('stored')) };
  return { done, handler: keepingDeadLetters(inner, store) };
}

test('a dead letter that could not be stored is not acknowledged, and nothing of its batch is handled before it is', async () => {
  const { done, handler } = keeping(() => Promise.reject(new Error('the database is away')));
  await expect(handler.handle([delivered(letter()), delivered(orderCreated())])).rejects.toThrow('away');
  await expect(handler.handle([delivered(letter())])).rejects.toThrow('away');
  expect(done).toEqual([]);
});

test('dead letters are stored first, then the others of their batch are handled', async () => {
  const { done, handler } = keeping(() => Promise.resolve());
  await handler.handle([delivered(orderCreated()), delivered(letter())]);
  expect(done).toEqual(['stored', 'order-created']);
});

test('the handler that it stands around keeps its lanes', () => {
  const { handler } = keeping(() => Promise.resolve());
  expect(handler).toMatchObject({ topics: ['order-created', 'dead-letter'], lanes: 2 });
});
