import { encode, type WireMessage } from '@saga/messages/codec';
import { newOrderId } from '@saga/messages/ids';
import type { Message } from '@saga/messages/message';
import { deadLetter } from '@saga/service-kit/dead-letter';
import { type ServiceUnderTest, serviceUnderTest } from '@saga/testkit/service-under-test';
import { testDatabase } from '@saga/testkit/test-database';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { orchestratorService } from '../app.ts';
import type { deadLetterView } from './dead-letter-view.ts';
import { orderCreated } from './saga-messages.fixture.ts';

const PATIENCE = { timeout: 120_000, interval: 50 };
const TOO_LARGE = 600 * 1_024;

let service: ServiceUnderTest;
beforeAll(async () => {
  service = await serviceUnderTest(orchestratorService, await testDatabase('orchestrator'));
});
afterAll(() => service.close());

type DeadLetterView = ReturnType<typeof deadLetterView>;
type Listed = { items: DeadLetterView[]; nextCursor: string | null };

const get = async <Body>(url: string, query: Record<string, string> = {}) => {
  const answer = await service.app.inject({ url, query });
  return { status: answer.statusCode, body: answer.json<Body>() };
};
const post = async (url: string, payload: object) => {
  const answer = await service.app.inject({ method: 'POST', url, payload });
  return { status: answer.statusCode, body: answer.json() };
};
const list = async (query: Record<string, string> = {}) => (await get<Listed>('/dead-letters', query)).body.items;
const auditOf = async (id: string) =>
  (await get<{ items: { action: string; reason: string }[] }>('/audit', { target: id })).body.items;

/** Waits until so many dead letters of a saga are kept; newest first. */
async function letters(sagaId: string, count = 1): Promise<DeadLetterView[]> {
  await expect.poll(() => list({ sagaId }), PATIENCE).toHaveLength(count);
  return list({ sagaId });
}

async function letter(sagaId: string): Promise<DeadLetterView> {
  const [first] = await letters(sagaId);
  if (!first) throw new Error(`there is no dead letter of ${sagaId}`);
  return first;
}

const sagaStatus = async (sagaId: string) => (await get(`/sagas/${sagaId}`)).status;
const untilSaga = (sagaId: string) => expect.poll(() => sagaStatus(sagaId), PATIENCE).toBe(200);

const publish = (...messages: WireMessage[]) => service.broker.publish(messages);
const append = ({ topic, key, headers, value }: WireMessage) =>
  service.broker.append(topic, { key, headers, value: Buffer.from(value) });

const wire = (message: Message = orderCreated()): WireMessage => encode(message);
const poison = (value = 'not JSON'): WireMessage => ({ ...wire(), value });

/** A letter about a message that never lay where it says: at a place of its own. */
let nextOffset = 999_999_999;
const letterAbout = (value: Buffer, key = newOrderId(), at = nextOffset): WireMessage => {
  nextOffset += 1;
  const place = { topic: 'order-created', partition: 0, offset: String(at) };
  const received = { ...place, key, headers: wire().headers, value };
  return encode(deadLetter('product', { received, reason: { code: 'NOT_JSON', message: 'x' } }, new Date()));
};

describe('what cannot be read or handled', () => {
  test('trap 9: the others of its batch are delivered, and it stands in the dead letters with all that is needed', async () => {
    const good = [wire(), wire()] as const;
    const bad = poison('{"order": ');
    await publish(good[0], bad, good[1]);
    for (const { key } of good) await untilSaga(key);
    expect(await letter(bad.key)).toMatchObject({
      service: 'orchestrator',
      topic: 'order-created',
      partition: 0,
      offset: expect.stringMatching(/^\d+$/),
      key: bad.key,
      headers: bad.headers,
      value: bad.value,
      valueEncoding: 'utf8',
      error: { code: 'NOT_JSON', message: expect.any(String) },
      status: 'OPEN',
      actions: ['redrive', 'discard'],
      messageId: bad.headers.ce_id,
      links: { saga: null },
    });
  });

  test('trap 9: what one row of a statement refused is handled exactly once after the cause was mended and it was redriven', async () => {
    const refused = wire();
    await service.database.query(`ALTER TABLE saga ADD CONSTRAINT refusal CHECK (id <> '${refused.key}')`);
    const others = [wire(), wire()] as const;
    await publish(others[0], refused, others[1]);
    for (const { key } of others) await untilSaga(key);
    const dead = await letter(refused.key);
    expect(dead.error.code).toBe('HANDLER_FAILED');
    await service.database.query('ALTER TABLE saga DROP CONSTRAINT refusal');

    const redriven = await post(`${dead.links.self}/redrive`, { reason: 'the constraint is gone' });
    expect(redriven).toMatchObject({ status: 200, body: { decision: { reason: 'the constraint is gone' } } });
    await untilSaga(refused.key);
    await expect.poll(() => letter(refused.key), PATIENCE).toMatchObject({ status: 'REDRIVEN' });
    const sent = service.published.received.filter(({ key, topic }) => key === refused.key && topic === refused.topic);
    expect(sent).toHaveLength(2);
    for (const each of sent)
      expect(each).toMatchObject({ headers: refused.headers, value: Buffer.from(refused.value) });

    // As after a crash between the publishing and its commit: it goes out once more.
    await service.database.query(`UPDATE dead_letter SET status = 'REDRIVING' WHERE id = '${dead.deadLetterId}'`);
    await expect.poll(() => letter(refused.key), PATIENCE).toMatchObject({ status: 'REDRIVEN' });
    const after = wire();
    await publish(after);
    await untilSaga(after.key);
    const history = await get<{ items: unknown[] }>(`/sagas/${refused.key}/history`);
    expect(history.body.items).toHaveLength(1);
    expect(await letter(refused.key)).toMatchObject({ links: { saga: `/sagas/${refused.key}` } });
  });

  test('is kept once, however often its dead letter is delivered', async () => {
    const about = letterAbout(Buffer.from('x'));
    await publish(about, about);
    await publish(about);
    const after = letterAbout(Buffer.from('x'));
    await publish(after);
    await letter(after.key);
    expect(await list({ sagaId: about.key })).toHaveLength(1);
  });

  test('on the topic of dead letters is kept as it came, once', async () => {
    const key = newOrderId();
    append({ topic: 'dead-letter', key, headers: {}, value: '\u0000no dead letter' });
    expect(await letter(key)).toMatchObject({
      service: 'orchestrator',
      topic: 'dead-letter',
      value: '\u0000no dead letter',
    });
    const after = letterAbout(Buffer.from('x'));
    await publish(after);
    await letter(after.key);
    expect(await list({ sagaId: key })).toHaveLength(1);
  });

  test.each([
    ['half of a surrogate pair', { headers: { 'x\ud800': '\ud800' }, error: { code: 'X', message: '\udfff' } }],
    ['a moment that is before all calendars', { failedAt: '0000-01-01T00:00:00Z' }],
    ['the last place that there can be', { partition: 2 ** 31 - 1, offset: '9223372036854775807' }],
    ['a header named __proto__', { headers: JSON.parse('{"__proto__": "x"}') }],
    ['neither key nor headers nor value', { key: null, headers: {}, value: null }],
    ['no topic of ours', { topic: 'x'.repeat(249), service: 'y'.repeat(64), error: { code: 'Z', message: '' } }],
  ])('is kept though its dead letter tells of %s', async (_what, parts) => {
    const about = letterAbout(Buffer.from('x'));
    await publish({ ...about, value: JSON.stringify({ ...JSON.parse(about.value), ...parts }) });
    const { ce_id: id } = about.headers;
    await expect.poll(async () => (await get(`/dead-letters/${id}`)).status, PATIENCE).toBe(200);
  });

  test('is shown as text where it is text, cut in lists, whole by itself', async () => {
    const long = poison(`x${'ü'.repeat(2_000)}`);
    const bytes = Buffer.from([0xff, 0xfe, 0x00]);
    const other = newOrderId();
    await publish(long);
    service.broker.append('order-created', { key: other, headers: {}, value: bytes });
    const listed = await letter(long.key);
    expect(listed).toMatchObject({ value: `x${'ü'.repeat(999)}`, valueBytes: 4_001, valueCut: true });
    expect((await get(listed.links.self)).body).toMatchObject({ value: long.value, valueCut: false });
    expect(await letter(other)).toMatchObject({ value: bytes.toString('base64'), valueEncoding: 'base64' });
  });
});

describe('an operator', () => {
  test('discards a dead letter, once, with a reason; both are in the audit', async () => {
    const bad = poison();
    await publish(bad);
    const { links, deadLetterId } = await letter(bad.key);
    expect(await post(`${links.self}/discard`, { reason: 'a test' })).toMatchObject({
      status: 200,
      body: { status: 'DISCARDED', actions: [], decision: { by: expect.stringContaining('127.0.0.1') } },
    });
    for (const action of ['redrive', 'discard'])
      expect(await post(`${links.self}/${action}`, { reason: 'again' })).toMatchObject({
        status: 409,
        body: { code: 'ALREADY_DECIDED', detail: expect.stringContaining('a test') },
      });
    expect(await auditOf(deadLetterId)).toMatchObject([{ action: 'discard', reason: 'a test' }]);
  });

  test.each(['redrive', 'discard'])('changes nothing by a %s without a reason or of nothing', async (action) => {
    const bad = poison();
    await publish(bad);
    const { links, deadLetterId } = await letter(bad.key);
    for (const body of [{}, { reason: ' ' }, { reason: 1 }])
      expect((await post(`${links.self}/${action}`, body)).status).toBe(422);
    for (const id of [newOrderId(), 'nonsense'])
      expect((await post(`/dead-letters/${id}/${action}`, { reason: 'x' })).status).toBe(404);
    expect(await letter(bad.key)).toMatchObject({ status: 'OPEN', decision: null });
    expect(await auditOf(deadLetterId)).toEqual([]);
  });

  test('trap 20: of two at once one wins, and the other is told', async () => {
    const bad = poison();
    await publish(bad);
    const { links, deadLetterId } = await letter(bad.key);
    const answers = await Promise.all(
      ['redrive', 'discard', 'redrive', 'discard'].map((action) => post(`${links.self}/${action}`, { reason: action })),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409, 409, 409]);
    expect(await auditOf(deadLetterId)).toHaveLength(1);
  });

  test('sees what failed again after its redrive as another open dead letter', async () => {
    const bad = poison();
    await publish(bad);
    const first = await letter(bad.key);
    await post(`${first.links.self}/redrive`, { reason: 'try' });
    expect(await letters(bad.key, 2)).toMatchObject([
      { status: 'OPEN', redrivenBefore: 1, messageId: first.messageId },
      { deadLetterId: first.deadLetterId, redrivenBefore: 0 },
    ]);
  });

  test('redrives what was too large to be kept from where it lay', async () => {
    const large = poison('x'.repeat(TOO_LARGE));
    await publish(large);
    const first = await letter(large.key);
    expect(first).toMatchObject({ value: null, advice: expect.stringContaining('reads it again where it lay') });
    expect((await post(`${first.links.self}/redrive`, { reason: 'try' })).status).toBe(200);
    await letters(large.key, 2);
    const sent = service.published.received.filter(({ key, topic }) => key === large.key && topic === large.topic);
    expect(sent.map(({ value, headers }) => ({ value: String(value), headers }))).toEqual(
      [large, large].map(({ value, headers }) => ({ value, headers })),
    );
  });

  test('is told what cannot be redriven, and why; it stays open', async () => {
    const gone = letterAbout(Buffer.alloc(TOO_LARGE));
    const keyless = { key: null, headers: wire().headers, value: Buffer.from('x') };
    await publish(gone);
    service.broker.append('order-created', keyless);
    const { links } = await letter(gone.key);
    expect(await post(`${links.self}/redrive`, { reason: 'try' })).toMatchObject({
      status: 422,
      body: { code: 'NOT_REDRIVABLE', detail: expect.stringContaining('no longer has its offset') },
    });
    expect(await letter(gone.key)).toMatchObject({ status: 'OPEN' });
    const elsewhere = letterAbout(Buffer.alloc(TOO_LARGE), newOrderId(), 0);
    await publish(elsewhere);
    expect(await post(`${(await letter(elsewhere.key)).links.self}/redrive`, { reason: 'try' })).toMatchObject({
      status: 422,
      body: { detail: expect.stringContaining('another message stands at order-created/0/0 now') },
    });
    const sagaId = keyless.headers.ce_subject ?? '';
    expect(await post(`${(await letter(sagaId)).links.self}/redrive`, { reason: 'try' })).toMatchObject({
      status: 422,
      body: { detail: expect.stringContaining('no key or no value') },
    });
  });

  test('trap 14: redrives nothing on a state topic, alone or with others: an old version must not come behind a new one', async () => {
    const about = letterAbout(Buffer.from('{}'));
    const code = 'OLD_VERSION';
    const parts = { topic: 'product-changed', error: { code, message: 'x' } };
    await publish({ ...about, value: JSON.stringify({ ...JSON.parse(about.value), ...parts }) });
    const { links, actions, advice } = await letter(about.key);
    expect(actions).toEqual(['discard']);
    expect(advice).toContain('let product read product-changed again from its beginning');
    expect(await post(`${links.self}/redrive`, { reason: 'try' })).toMatchObject({
      status: 422,
      body: { code: 'NOT_REDRIVABLE', detail: expect.stringContaining('behind a newer version') },
    });
    const many = await post('/dead-letters/redrive', { code, reason: 'try', limit: 10 });
    expect(many.body).toEqual({
      redriven: 0,
      open: 1,
      left: [{ letters: 1, why: expect.stringContaining('state topics') }],
    });
    expect(await letter(about.key)).toMatchObject({ status: 'OPEN' });
  });

  test('redrives many of a kind at once, the oldest first, each in the audit; counted before and after', async () => {
    const orders = [wire(), wire(), wire()];
    const refusal = orders.map(({ key }) => `id <> '${key}'`).join(' AND ');
    await service.database.query(`ALTER TABLE saga ADD CONSTRAINT refusal CHECK (${refusal})`);
    await publish(...orders);
    for (const { key } of orders) await letter(key);
    await service.database.query('ALTER TABLE saga DROP CONSTRAINT refusal');
    const kind = { service: 'orchestrator', topic: 'order-created', code: 'HANDLER_FAILED' };
    expect((await get('/dead-letters/stats', kind)).body).toMatchObject({
      open: 3,
      kinds: [{ ...kind, letters: 3, oldest: expect.any(String) }],
    });

    const bulk = { ...kind, reason: 'the constraint is gone' };
    expect((await post('/dead-letters/redrive', { ...bulk, limit: 2 })).body).toEqual({
      redriven: 2,
      open: 1,
      left: [],
    });
    const firstTwo = orders.slice(0, 2);
    for (const { key } of firstTwo) await untilSaga(key);
    expect(await letter(orders[2]?.key ?? '')).toMatchObject({ status: 'OPEN' });
    expect((await post('/dead-letters/redrive', { ...bulk, limit: 1_000 })).body).toEqual({
      redriven: 1,
      open: 0,
      left: [],
    });
    await untilSaga(orders[2]?.key ?? '');
    for (const { key } of orders) {
      const { deadLetterId } = await letter(key);
      expect(await auditOf(deadLetterId)).toMatchObject([{ action: 'redrive', reason: bulk.reason }]);
    }
  });

  test('is told how many a redrive of many leaves, and why', async () => {
    const code = 'LEFT';
    const about = (parts: object, reason = 'x'): WireMessage => {
      const letter = letterAbout(Buffer.from('x'));
      const body = { ...JSON.parse(letter.value), error: { code, message: reason }, ...parts };
      return { ...letter, value: JSON.stringify(body) };
    };
    const large = letterAbout(Buffer.alloc(TOO_LARGE));
    const { error, ...rest } = JSON.parse(large.value);
    const abouts = [
      about({}),
      { ...large, value: JSON.stringify({ ...rest, error: { ...error, code } }) },
      about({ key: null }),
      about({ topic: 'no-such-topic' }),
      about({ topic: 'coupon-changed' }),
    ];
    await publish(...abouts);
    for (const { headers } of abouts)
      await expect.poll(async () => (await get(`/dead-letters/${headers.ce_id}`)).status, PATIENCE).toBe(200);
    const { body } = await post('/dead-letters/redrive', { code, reason: 'try', limit: 10 });
    expect(body).toMatchObject({ redriven: 1, open: 4 });
    expect(body.left).toEqual(
      ['state topics', 'not known here', 'redrive each by itself', 'no key or no value'].map((why) => ({
        letters: 1,
        why: expect.stringContaining(why),
      })),
    );
  });

  test('is not sent elsewhere for a message without headers: all of it is here, and many at once take it', async () => {
    const key = newOrderId();
    service.broker.append('order-created', { key, headers: {}, value: Buffer.from('{}') });
    const { error, advice, links } = await letter(key);
    expect({ error, advice }).toEqual({
      error: { code: 'BAD_HEADERS', message: expect.any(String) },
      advice: 'as it is nobody can read it: redrive it once its reader can, else discard it',
    });
    expect((await post('/dead-letters/redrive', { code: 'BAD_HEADERS', reason: 'try', limit: 10 })).body).toMatchObject(
      {
        redriven: 1,
      },
    );
    await expect.poll(async () => (await get<DeadLetterView>(links.self)).body.status, PATIENCE).toBe('REDRIVEN');
    const sent = service.published.received.filter((each) => each.key === key && each.topic === 'order-created');
    const asItWas = { headers: {}, value: '{}' };
    expect(sent.map(({ headers, value }) => ({ headers, value: String(value) }))).toEqual([asItWas, asItWas]);
  });

  test('can only discard what has no value: there is no more of it anywhere', async () => {
    const key = newOrderId();
    service.broker.append('order-created', { key, headers: wire().headers, value: null });
    const { actions, advice, links } = await letter(key);
    expect(actions).toEqual(['discard']);
    expect(advice).toBe('without a key or a value nobody can ever read it: find who publishes it, then discard it');
    expect((await post(`${links.self}/redrive`, { reason: 'try' })).body.detail).toContain('no key or no value');
  });

  test('lists by state, service, topic, code and saga, page by page', async () => {
    const abouts = [letterAbout(Buffer.from('1')), letterAbout(Buffer.from('2')), letterAbout(Buffer.from('3'))];
    await publish(...abouts);
    const ids = abouts.map(({ headers }) => headers.ce_id);
    for (const { key } of abouts) await letter(key);
    const filter = { status: 'OPEN', service: 'product', topic: 'order-created', code: 'NOT_JSON', limit: '2' };
    const first = await get<Listed>('/dead-letters', filter);
    expect(first.body.items.map(({ deadLetterId }) => deadLetterId)).toEqual([ids[2], ids[1]]);
    const second = await get<Listed>('/dead-letters', { ...filter, cursor: first.body.nextCursor ?? '' });
    expect(second.body.items[0]?.deadLetterId).toBe(ids[0]);
    expect(await list({ ...filter, service: 'coupon' })).toEqual([]);
  });

  test('is alerted by a gauge of the open ones', async () => {
    const gauge = async () =>
      Number(/^saga_dead_letters_open\{.*\} (\d+)$/m.exec((await service.app.inject('/metrics')).body)?.[1]);
    const about = letterAbout(Buffer.from('x'));
    await publish(about);
    await letter(about.key);
    await expect.poll(gauge, PATIENCE).toBe((await get<{ open: number }>('/dead-letters/stats')).body.open);
  });
});
