import { newOrderId, newRequestId } from '@saga/messages/ids';
import type { Message } from '@saga/messages/message';
import { testDatabase } from '@saga/testkit/test-database';
import pino from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Clock, systemClock } from './clock.ts';
import { createPool, type Database, postgresDatabase } from './database.ts';
import { memoryBroker } from './memory-broker.ts';
import { createOutbox, type Outbox } from './outbox.ts';
import { stateChange } from './state-change.ts';

const WAIT = { timeout: 120_000 };
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

let pool: ReturnType<typeof createPool>;
let database: Database;
beforeAll(async () => {
  const url = await testDatabase('product');
  pool = createPool({ url, maxConnections: 10, statementTimeoutMs: 30_000, connectTimeoutMs: 10_000 });
  database = postgresDatabase(pool);
  await database.query('CREATE TABLE notes (note text NOT NULL)');
});
afterAll(() => pool.end());

/** What reached the broker, by its reason or its version. */
let published: (string | number)[];
/** Stands between the outbox and the broker. */
let gate: (topics: readonly string[]) => Promise<void>;
let outbox: Outbox;
beforeEach(async () => {
  await database.query('TRUNCATE notes, outbox');
  published = [];
  gate = async () => {};
  outbox = anOutbox();
});

/** Another process has one of its own on the same table. */
const anOutbox = ({
  through = (topics: readonly string[]) => gate(topics),
  on = database,
  clock = systemClock,
} = {}): Outbox =>
  createOutbox({
    database: on,
    clock,
    broker: {
      ...memoryBroker({ partitions: 1 }),
      publish: async (messages) => {
        await through(messages.map(({ topic }) => topic));
        const bodies = messages.map(({ value }) => JSON.parse(String(value)));
        published.push(...bodies.map(({ reason, version }) => reason ?? version));
      },
    },
    logger: pino({ level: 'silent' }),
  });

function message(reason: string): Message<'order-cancel-requested'> {
  const orderId = newOrderId();
  const envelope = {
    id: newRequestId(),
    source: '/spec',
    time: new Date().toISOString(),
    subject: orderId,
    traceparent: TRACEPARENT,
  };
  return { topic: 'order-cancel-requested', key: orderId, envelope, body: { orderId, reason } };
}

/** Writes down a note and tells of it. */
const note = (text: string, on = outbox): Promise<string> =>
  on.transaction(async (sql) => {
    await sql.query('INSERT INTO notes VALUES ($1)', [text]);
    return { result: text, messages: [message(text)] };
  });

/** As many messages in one transaction. */
const tell = (text: string, count: number): Promise<void> =>
  outbox.transaction(async () => ({ result: undefined, messages: Array.from({ length: count }, () => message(text)) }));

/** Changes the price of one product, and tells of it. */
const changePrice = (version: number, on = outbox): Promise<number> =>
  on.transaction(async () => {
    const body = { productId: 1, name: 'a thing', price: version, version };
    const change = { service: 'product', topic: 'product-changed', key: '1', body, traceparent: TRACEPARENT } as const;
    return { result: version, messages: [stateChange(change)] };
  });

const notes = async () =>
  (await database.query<{ note: string }>('SELECT note FROM notes ORDER BY note')).map((row) => row.note);
const standing = async () => (await database.query('SELECT id FROM outbox')).length;
/** As if the process that wrote the rows had died a while ago. */
const grownOld = () => database.query(`UPDATE outbox SET created_at = created_at - interval '1 minute'`);
const brokerAway = async () => {
  throw new Error('no broker');
};

describe('the outbox', () => {
  test('publishes what was committed with the change that it tells of, and keeps nothing', async () => {
    expect(await note('a')).toBe('a');
    await outbox.idle();
    expect([await notes(), published, await standing(), outbox.size]).toEqual([['a'], ['a'], 0, 0]);
  });

  test('tells of nothing that was not committed', async () => {
    const failing = outbox.transaction(async (sql) => {
      await sql.query(`INSERT INTO notes VALUES ('a')`);
      await sql.query('SELECT 1 / 0');
      return { result: undefined, messages: [message('a')] };
    });
    await expect(failing).rejects.toThrow('division by zero');
    await outbox.idle();
    expect([await notes(), published, await standing()]).toEqual([[], [], 0]);
  });

  test('changes nothing where the message cannot be written down', async () => {
    const failing = outbox.transaction(async (sql) => {
      await sql.query(`INSERT INTO notes VALUES ('a')`);
      return { result: undefined, messages: [{ ...message('a'), key: 'U+0000: \u0000' }] };
    });
    await expect(failing).rejects.toThrow('unsupported Unicode escape sequence');
    expect([await notes(), await standing()]).toEqual([[], 0]);
  });

  test('does not wait for the broker', async () => {
    const acknowledged = Promise.withResolvers<void>();
    gate = () => acknowledged.promise;
    await note('a');
    expect([await standing(), published, outbox.size]).toEqual([1, [], 1]);
    acknowledged.resolve();
    await outbox.idle();
    expect([await standing(), published, outbox.size]).toEqual([0, ['a'], 0]);
  });

  test('keeps no more than ten thousand messages in memory for a broker that hangs: the relay has the rest (trap 10)', async () => {
    const answered = Promise.withResolvers<void>();
    gate = () => answered.promise;
    await tell('kept', 10_000);
    await tell('left', 600); // beyond the bound, though the first batch of 500 does not wait any more
    const committed = await standing();
    answered.resolve();
    await outbox.idle();
    expect([committed, new Set(published), published.length, await standing()]).toEqual([
      10_600,
      new Set(['kept']),
      10_000,
      600,
    ]);
    await grownOld();
    expect([await outbox.relay(), await standing()]).toEqual([600, 0]);
  });

  test('drains to empty under many transactions at once (trap 14)', async () => {
    const texts = Array.from({ length: 200 }, (_, number) => `note ${number}`);
    await Promise.all(texts.map((text) => note(text)));
    await outbox.idle();
    expect(published.toSorted()).toEqual(texts.toSorted());
    expect(await standing()).toBe(0);
  });
});

/** Rests end when the test says so; `begun(n)` waits for the n-th. */
function restingClock() {
  const rests: { over: () => void; signal: AbortSignal | undefined }[] = [];
  let wake = Promise.withResolvers<void>();
  const clock: Clock = {
    ...systemClock,
    pause: (_milliseconds, signal) => {
      const rest = Promise.withResolvers<void>();
      if (signal?.aborted) rest.reject(signal.reason);
      signal?.addEventListener('abort', () => rest.reject(signal.reason));
      rests.push({ over: rest.resolve, signal });
      wake.resolve();
      wake = Promise.withResolvers();
      return rest.promise;
    },
  };
  async function begun(count: number) {
    while (rests.length < count) await wake.promise;
    return rests[count - 1];
  }
  return { clock, begun };
}

describe('what is published', () => {
  test('is deleted together after a rest, which nothing that is published waits for', async () => {
    const { clock, begun } = restingClock();
    const rested = anOutbox({ clock });
    await note('a', rested);
    const rest = await begun(1);
    await note('b', rested);
    await note('c', rested);
    await vi.waitUntil(() => published.length === 3, WAIT);
    expect(await standing()).toBe(2);
    rest?.over();
    await begun(2);
    expect([published, await standing(), rested.size]).toEqual([['a', 'b', 'c'], 0, 0]);
  });

  test('is deleted without a rest while much of it waits, so that no relay publishes it again', async () => {
    const { clock, begun } = restingClock();
    const rested = anOutbox({ clock });
    await note('first', rested);
    const rest = await begun(1);
    for (let number = 1; number <= 45; number += 1) {
      await note(`${number}`, rested);
      await vi.waitUntil(() => published.length === 1 + number, { ...WAIT, interval: 1 });
    }
    rest?.over();
    await begun(2);
    expect(await standing()).toBe(5);
  });

  test('is deleted at once where somebody waits for it, and the next rest is a rest again', async () => {
    const { clock, begun } = restingClock();
    const rested = anOutbox({ clock });
    await note('a', rested);
    await begun(1);
    await note('b', rested);
    await rested.idle();
    expect(await standing()).toBe(0);
    await note('c', rested);
    expect((await begun(3))?.signal?.aborted).toBe(false);
  });

  test('but cannot be deleted, is published once more by the relay', async () => {
    const failing = () => Promise.reject(new Error('the connection broke'));
    const forgetful = anOutbox({ on: { ...database, query: failing } });
    await note('a', forgetful);
    await forgetful.idle();
    await grownOld();
    expect([await outbox.relay(), published, await standing()]).toEqual([1, ['a', 'a'], 0]);
  });
});

describe('the relay', () => {
  test('publishes what a process left behind that could not', async () => {
    gate = brokerAway;
    await note('a');
    await note('b');
    await outbox.idle();
    expect([published, await standing(), outbox.size]).toEqual([[], 2, 2]);
    gate = async () => {};
    await grownOld();
    expect(await outbox.relay()).toBe(2);
    expect([published, await standing(), outbox.size]).toEqual([['a', 'b'], 0, 0]);
  });

  test('leaves to its process what was written just now', async () => {
    gate = brokerAway;
    await note('a');
    await outbox.idle();
    gate = async () => {};
    expect([await outbox.relay(), await standing()]).toEqual([0, 1]);
  });

  test('leaves everything as it is while the broker is away', async () => {
    gate = brokerAway;
    await note('a');
    await outbox.idle();
    await grownOld();
    await expect(outbox.relay()).rejects.toThrow('no broker');
    expect(await standing()).toBe(1);
  });

  test('of a topic that the broker refuses holds up no other, however much of it stands before them', async () => {
    await database.query(`
      INSERT INTO outbox (topic, key, headers, value, created_at)
      SELECT 'order-created', 'k', '{}', '{"reason":"refused"}', now() - interval '1 minute'
      FROM generate_series(1, 1000)`);
    gate = brokerAway;
    await note('a');
    await changePrice(1);
    await outbox.idle();
    await grownOld();
    gate = async (topics) => {
      if (topics.includes('order-created')) throw new Error('not authorized');
    };
    await expect(outbox.relay()).rejects.toThrow('order-created: not authorized');
    expect([published.toSorted(), await standing()]).toEqual([[1, 'a'], 1_000]);
  });

  test('does not skip a row whose transaction commits after rows with higher ids were published (trap 14)', async () => {
    gate = brokerAway;
    const written = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const slow = database.transaction(async (sql) => {
      await sql.query(`
        INSERT INTO outbox (topic, key, headers, value)
        VALUES ('order-cancel-requested', 'slow', '{}', '{"reason":"slow"}')`);
      written.resolve();
      await release.promise;
    });
    await written.promise;
    await note('quick');
    await outbox.idle();
    gate = async () => {};
    await grownOld();
    await outbox.relay();
    expect(published).toEqual(['quick']);
    release.resolve();
    await slow;
    await grownOld();
    await outbox.relay();
    expect([published, await standing()]).toEqual([['quick', 'slow'], 0]);
  });

  test('counts a long outbox now and then, not for every batch of it', async () => {
    await database.query(`
      INSERT INTO outbox (topic, key, headers, value, created_at)
      SELECT 'order-cancel-requested', 'k', '{}', '{"reason":"long"}', now() - interval '1 minute'
      FROM generate_series(1, 6000)`);
    let counts = 0;
    const counting: Database = {
      ...database,
      query: (statement, values) => {
        if (statement.includes('count(*)')) counts += 1;
        return database.query(statement, values);
      },
    };
    expect(await anOutbox({ on: counting }).relay()).toBe(6_000);
    expect([counts, await standing()]).toEqual([1, 0]);
  });

  test('has done with an empty outbox when it has counted it', async () => {
    const transaction = () => Promise.reject(new Error('there is nothing to claim'));
    expect(await anOutbox({ on: { ...database, transaction } }).relay()).toBe(0);
  });

  test('of two processes publishes each row once (trap 14)', async () => {
    gate = brokerAway;
    const texts = Array.from({ length: 50 }, (_, number) => `note ${number}`);
    await Promise.all(texts.map((text) => note(text)));
    await outbox.idle();
    await grownOld();
    const publishing = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    gate = () => {
      publishing.resolve();
      return release.promise;
    };
    const first = outbox.relay();
    await publishing.promise;
    expect(await anOutbox().relay()).toBe(0);
    release.resolve();
    expect(await first).toBe(50);
    expect([published.toSorted(), await standing()]).toEqual([texts.toSorted(), 0]);
  });
});

describe('of a state topic, which keeps the last message of a key, the newest version is published last (trap 14)', () => {
  test('while another process still publishes an older one', async () => {
    const sending = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const slow = anOutbox({
      through: () => {
        sending.resolve();
        return release.promise;
      },
    });
    await changePrice(1, slow);
    await sending.promise;
    await changePrice(2);
    await outbox.idle();
    const publishedMeanwhile = [...published];
    release.resolve();
    await slow.idle();
    expect([publishedMeanwhile, published, await standing()]).toEqual([[], [1, 2], 0]);
  });

  test('where the process that wrote an older one could not publish it', async () => {
    const dying = anOutbox({ through: brokerAway });
    await changePrice(1, dying);
    await dying.idle();
    await changePrice(2);
    await outbox.idle();
    expect([published, await standing()]).toEqual([[1, 2], 0]);
  });

  test('where nobody knew whether an older one was published: it is published again, before the newer one', async () => {
    const halfHeard = anOutbox({
      through: async () => {
        published.push('1, unheard of');
        throw new Error('no answer');
      },
    });
    await changePrice(1, halfHeard);
    await halfHeard.idle();
    await changePrice(2);
    await outbox.idle();
    expect([published, await standing()]).toEqual([['1, unheard of', 1, 2], 0]);
  });

  test('under many changes by several processes, and nothing is left', async () => {
    const processes = [outbox, anOutbox(), anOutbox()];
    for (let version = 1; version <= 60; version += 1) await changePrice(version, processes[version % 3]);
    await Promise.all(processes.map((each) => each.idle()));
    await outbox.relay();
    expect(published).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
    expect(await standing()).toBe(0);
  });

  test('and what a process left behind is taken up by the relay of another at once', async () => {
    const dying = anOutbox({ through: brokerAway });
    await changePrice(1, dying);
    await dying.idle();
    expect(await outbox.relay()).toBe(1);
    expect([published, await standing()]).toEqual([[1], 0]);
  });
});
