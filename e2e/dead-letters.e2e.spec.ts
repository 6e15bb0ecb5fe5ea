import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { describe, expect, inject, test } from 'vitest';
import { type OrderView, Shop } from './shop.ts';
import { publish, readTopics } from './topics.ts';

const shop = new Shop(inject('serviceUrls'));

type DeadLetter = {
  deadLetterId: string;
  service: string;
  value: string;
  error: { code: string; message: string };
  status: string;
  links: { self: string; saga: string | null };
};
type List<Item> = { items: Item[] };

/** The dead letters of a saga, once there are so many. */
const letters = async (sagaId: string, count = 1): Promise<DeadLetter[]> =>
  (
    await shop.until(
      () => shop.get<List<DeadLetter>>('orchestrator', `/dead-letters?sagaId=${sagaId}`),
      ({ items }) => items.length >= count,
      `${count} dead letters of ${sagaId}`,
    )
  ).items;

const auditOf = async (target: string) =>
  (await shop.get<List<{ action: string; reason: string; actor: string }>>('orchestrator', `/audit?target=${target}`))
    .items;

const decide = ({ links }: DeadLetter, action: 'redrive' | 'discard', reason: string) =>
  shop.send<DeadLetter>('orchestrator', 'POST', `${links.self}/${action}`, { reason });

const headersOf = (topic: string, subject: string): Record<string, string> => ({
  ce_id: randomUUID(),
  ce_type: topic,
  ce_source: '/outsider',
  ce_specversion: '1.0',
  ce_time: new Date().toISOString(),
  ce_subject: subject,
  'content-type': 'application/json',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  schemaversion: '1',
});

type Poison = { service: string; topic: string; value: string; headers?: Record<string, string>; code: string };
const exchange = { commandid: randomUUID(), step: 'product', attempt: '1' };
const commandHeaders = { ...exchange, ce_id: exchange.commandid };

const POISON: readonly Poison[] = [
  { service: 'orchestrator', topic: 'order-created', value: '{"orderId":', code: 'NOT_JSON' },
  { service: 'orchestrator', topic: 'order-created', value: '{"orderId": 7}', code: 'BAD_BODY' },
  {
    service: 'orchestrator',
    topic: 'order-created',
    value: '{}',
    headers: { schemaversion: '2' },
    code: 'UNKNOWN_VERSION',
  },
  { service: 'orchestrator', topic: 'order-cancel-requested', value: '{"reason":"\\u0000"}', code: 'NUL_CHARACTER' },
  {
    service: 'product',
    topic: 'decrease-product-command',
    value: 'garbage',
    headers: commandHeaders,
    code: 'NOT_JSON',
  },
];

/** On the orchestrator's own tables, as whoever administers them. */
async function administer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: inject('databaseUrl') });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

async function cast() {
  const [productId, userId] = await Promise.all([shop.product({ stock: 100 }), shop.user({ balance: 1_000_000 })]);
  return { productId, userId, order: { userId, productId, quantity: 1 } };
}

const place = async (body: object): Promise<OrderView> => {
  const { status, body: order } = await shop.order(body);
  expect(status).toBe(202);
  return order;
};

describe('trap 9: what nobody can read or handle', () => {
  test('stands in the dead letters, whatever is wrong with it, and can be discarded; the orders around it complete', async () => {
    const { order } = await cast();
    await shop.orderToItsEnd(order);
    const stray = randomUUID();
    const fact = { orderId: stray, outcome: 'success', reservationId: randomUUID() };
    const poison = POISON.map((each) => ({ ...each, key: randomUUID() }));
    const around = [
      ...Array.from({ length: 5 }, () => place(order)),
      ...poison.map(({ topic, key, value, headers }) =>
        publish(topic, { key, value, headers: { ...headersOf(topic, key), ...headers } }),
      ),
      publish('product-decreased', {
        key: stray,
        value: JSON.stringify(fact),
        headers: { ...headersOf('product-decreased', stray), ...exchange },
      }),
      ...Array.from({ length: 5 }, () => place(order)),
    ];
    const orders = (await Promise.all(around)).filter((each) => each !== undefined);
    for (const { orderId } of orders) expect(await shop.ended(orderId)).toMatchObject({ status: 'COMPLETED' });

    const expected = [
      ...poison,
      { key: stray, service: 'orchestrator', value: JSON.stringify(fact), code: 'UNKNOWN_SAGA' },
    ];
    for (const { key, service, value, code } of expected) {
      const [letter] = await letters(key);
      expect(letter).toMatchObject({ service, value, error: { code }, status: 'OPEN', links: { saga: null } });
      if (!letter) continue;
      expect(await decide(letter, 'discard', 'an outsider wrote it')).toMatchObject({
        status: 200,
        body: { status: 'DISCARDED' },
      });
      expect((await decide(letter, 'redrive', 'too late')).status).toBe(409);
      expect(await auditOf(letter.deadLetterId)).toMatchObject([{ action: 'discard', reason: 'an outsider wrote it' }]);
    }
  });

  test('is handled exactly once when it is redriven after its cause was mended', async () => {
    const { productId, userId, order } = await cast();
    const healthy = await cast();
    await administer(
      `ALTER TABLE orchestrator.saga ADD CONSTRAINT refusal
       CHECK (state -> 'order' ->> 'userId' <> '${userId}') NOT VALID`,
    );
    const refused = await place(order);
    await shop.orderToItsEnd(healthy.order);
    const [letter] = await letters(refused.orderId);
    if (!letter) throw new Error('there is no dead letter');
    expect(letter).toMatchObject({ service: 'orchestrator', error: { code: 'HANDLER_FAILED' }, links: { saga: null } });
    expect(await shop.get('order', `/orders/${refused.orderId}`)).toMatchObject({ status: 'PENDING' });
    await administer('ALTER TABLE orchestrator.saga DROP CONSTRAINT refusal');

    expect(await decide(letter, 'redrive', 'the constraint is gone')).toMatchObject({ status: 200 });
    expect(await shop.ended(refused.orderId)).toMatchObject({ status: 'COMPLETED' });
    await shop.until(
      () => shop.stock(productId),
      ({ sold }) => sold === 1,
      'the piece to be sold',
    );
    expect(await shop.balance(userId)).toBe(1_000_000 - 10_000);
    expect((await decide(letter, 'redrive', 'once more')).status).toBe(409);
    expect(await auditOf(letter.deadLetterId)).toMatchObject([
      { action: 'redrive', reason: 'the constraint is gone', actor: expect.any(String) },
    ]);
    const announced = await readTopics(refused.orderId, ['order-created']);
    const first = announced.filter(({ headers }) => headers.attempt === undefined);
    expect(first.length).toBeGreaterThanOrEqual(2);
    for (const again of first) expect(again).toEqual(first[0]);
  });
});
