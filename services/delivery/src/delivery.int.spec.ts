import { newOrderId } from '@saga/messages/ids';
import { action, compensation } from '@saga/testkit/message-builders';
import { outcomes, participantContract, reasons, replicaOf } from '@saga/testkit/participant-contract';
import { readsByKeyContract } from '@saga/testkit/reads-by-key-contract';
import { type ServiceUnderTest, serviceUnderTest } from '@saga/testkit/service-under-test';
import { testDatabase } from '@saga/testkit/test-database';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { deliveryService } from './app.ts';
import { deliveryParticipant } from './participant.ts';

let service: ServiceUnderTest;
beforeAll(async () => {
  service = await serviceUnderTest(deliveryService, await testDatabase('delivery'));
});
afterAll(() => service.close());

const get = async (url: string) => (await service.app.inject(url)).json();
const putAreas = (prefixes: unknown) =>
  service.app.inject({ method: 'PUT', url: '/unserved-areas', payload: { prefixes } });

const shipToOf = (address: string) => ({ recipientName: 'Ada', address, phone: '010-1234' });
const create = (address: string | null, orderId = newOrderId()) =>
  action('create-delivery-command', {
    orderId,
    userId: 1,
    items: [{ productId: 1, quantity: 2, unitPrice: 300 }],
    shipTo: address === null ? null : shipToOf(address),
  });
const replica = () => replicaOf(deliveryParticipant, service.database);

const underTest = async () => ({
  participant: deliveryParticipant,
  database: service.database,
  arrange: async () => {
    const created = create('Main Street 1');
    return { action: created, undo: compensation('cancel-delivery-command', created) };
  },
  effect: () => service.database.query("SELECT delivery_id FROM deliveries WHERE status = 'CREATED' ORDER BY 1"),
});
readsByKeyContract(underTest);
participantContract(underTest);

describe('deliveries', () => {
  test('are seen with where they go and what has become of them', async () => {
    const created = create('Main Street 1');
    await replica().handle(created);
    const shown = {
      deliveryId: created.envelope.id,
      orderId: created.key,
      userId: 1,
      shipTo: shipToOf('Main Street 1'),
      status: 'CREATED',
      createdAt: expect.any(String),
    };
    expect(await get(`/deliveries/${created.envelope.id}`)).toEqual(shown);
    await replica().handle(compensation('cancel-delivery-command', created));
    expect(await get(`/deliveries?orderId=${created.key}`)).toEqual({
      items: [{ ...shown, status: 'CANCELLED' }],
      nextCursor: null,
    });
  });

  test('of an order without an address are to be picked up', async () => {
    const created = create(null);
    await replica().handle(created);
    expect(await get(`/deliveries/${created.envelope.id}`)).toMatchObject({ shipTo: null });
  });

  test('are listed by id, a page at a time', async () => {
    await replica().handle(create('a'), create('b'), create('c'));
    const { items: all } = await get('/deliveries?limit=200');
    const { items, nextCursor } = await get('/deliveries?limit=2');
    expect([...items, ...(await get(`/deliveries?limit=200&cursor=${nextCursor}`)).items]).toEqual(all);
  });

  test.each([`/deliveries/${newOrderId()}`, '/deliveries/1'])('%s is not found', async (url) => {
    expect((await service.app.inject(url)).statusCode).toBe(404);
  });

  test('asked for by what is no id are refused', async () => {
    expect((await service.app.inject('/deliveries?orderId=1')).json()).toMatchObject({
      status: 400,
      code: 'INVALID_QUERY',
    });
  });
});

describe('unserved areas', () => {
  beforeEach(() => putAreas([]));

  test('are refused, by how the address starts', async () => {
    await putAreas(['Far Island', 'Moon ']);
    const replies = await replica().handle(create('Far Island 3'), create('Moonlight Road'), create('Near Far Island'));
    expect(outcomes(replies)).toEqual(['rejected', 'success', 'success']);
    expect(reasons(replies)).toEqual(['ADDRESS_UNDELIVERABLE']);
  });

  test('are told literally: a percent sign is no pattern', async () => {
    await putAreas(['%', 'Street_']);
    expect(outcomes(await replica().handle(create('Main'), create('Street 1')))).toEqual(['success', 'success']);
  });

  test('are replaced as a whole', async () => {
    await putAreas(['a', 'b', 'b']);
    const response = await putAreas(['c', 'b']);
    expect([response.statusCode, response.json()]).toEqual([200, { prefixes: ['b', 'c'] }]);
    expect(await get('/unserved-areas')).toEqual({ prefixes: ['b', 'c'] });
  });

  test('replaced by two at once are the one list or the other', async () => {
    await Promise.all([putAreas(['a', 'b']), putAreas(['c', 'd'])]);
    expect([
      ['a', 'b'],
      ['c', 'd'],
    ]).toContainEqual((await get('/unserved-areas')).prefixes);
  });

  test.each<[string, unknown, string[]]>([
    ['no list', 'a', ['/prefixes']],
    ['an empty prefix, with which every address starts', ['a', ''], ['/prefixes/1']],
    ['a blank prefix', ['  '], ['/prefixes/0']],
    ['a number', [1], ['/prefixes/0']],
    ['a prefix too long', ['a'.repeat(101)], ['/prefixes/0']],
    ['too many', Array.from({ length: 201 }, (_, number) => `area ${number}`), ['/prefixes']],
    ['U+0000', ['a\u0000'], ['/prefixes/0']],
  ])('%s: bad input names each field and changes nothing', async (_what, prefixes, pointers) => {
    await putAreas(['a']);
    const response = await putAreas(prefixes);
    expect([response.statusCode, response.headers['content-type']]).toEqual([422, 'application/problem+json']);
    expect(response.json().errors.map((error: { pointer: string }) => error.pointer)).toEqual(pointers);
    expect(await get('/unserved-areas')).toEqual({ prefixes: ['a'] });
  });
});
