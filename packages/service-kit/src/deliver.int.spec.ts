import { randomBytes } from 'node:crypto';
import type { WireMessage } from '@saga/messages/codec';
import type { Message } from '@saga/messages/message';
import { createTestDatabase } from '@saga/testkit/infrastructure';
import { action, delivered } from '@saga/testkit/message-builders';
import pg from 'pg';
import pino from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from './clock.ts';
import { createPool, type Database, postgresDatabase, type Transaction } from './database.ts';
import { deliver } from './deliver.ts';
import { failedReply } from './fold.ts';
import { memoryBroker } from './memory-broker.ts';

const LIMITS = { maxConnections: 5, statementTimeoutMs: 60_000, connectTimeoutMs: 10_000 };
const PATIENCE = { timeout: 60_000 };

let admin: pg.Client;
let url: string;
let pool: pg.Pool;
let database: Database;
beforeAll(async () => {
  const databases = await createTestDatabase();
  url = databases.url('balance');
  admin = new pg.Client({ connectionString: databases.adminUrl });
  await admin.connect();
  pool = createPool({ url, ...LIMITS });
  pool.on('error', () => {});
  database = postgresDatabase(pool);
  await database.query('CREATE TABLE takings (amount bigint CHECK (amount <> 13), note text)');
  await database.query('CREATE TABLE purses (id int PRIMARY KEY, taken bigint NOT NULL DEFAULT 0)');
  await database.query('INSERT INTO purses SELECT generate_series(1, 2)');
});
afterAll(async () => {
  await pool.end();
  await admin.end();
});

/** Per batch that was tried: how many messages it had. */
let tried: number[];
let published: string[];
let logged: Record<string, unknown>[];
beforeEach(async () => {
  tried = [];
  published = [];
  logged = [];
  await database.query('TRUNCATE takings');
});

type Take = Message<'deduct-balance-command'>;

const take = (number: number): Take => {
  const orderId = `01980000-0000-7000-8000-${String(number).padStart(12, '0')}`;
  return action('deduct-balance-command', { orderId, userId: 1, amount: number });
};

const SAVE = 'INSERT INTO takings (amount, note) SELECT amount, $2 FROM unnest($1::bigint[]) AS taken (amount)';

const save = async (sql: Transaction, amounts: readonly number[]): Promise<void> => sql.send(SAVE, [amounts, 'fine']);

/** A service that saves what each batch takes, in one transaction, and answers every message. */
function handling(work = save, on = database): (...messages: Take[]) => Promise<unknown> {
  const handle = deliver({
    service: 'balance',
    handler: {
      topics: ['deduct-balance-command'],
      lanes: 1,
      handle: (deliveries) => {
        tried.push(deliveries.length);
        const messages = deliveries.map(({ message }) => message as Take);
        return on.transaction(async (sql) => {
          await work(
            sql,
            messages.map(({ body }) => body.amount),
          );
          return { publish: messages.flatMap(answer), dead: [], left: [] };
        });
      },
      failed: ({ message }, reason, now) => failedReply('balance', message, reason, now),
    },
    broker: {
      ...memoryBroker({ partitions: 1 }),
      publish: async (messages: readonly WireMessage[]) => {
        for (const { topic, key } of messages) published.push(`${topic} ${Number(key.slice(-12))}`);
      },
    },
    clock: systemClock,
    logger: pino(
      { formatters: { level: (label) => ({ level: label }) } },
      { write: (line: string) => logged.push(JSON.parse(line)) },
    ),
    observer: { batch: () => {}, handled: () => {}, deadLetter: () => {} },
    inboxDays: 30,
    stopping: new AbortController().signal,
  });
  return (...messages) => handle(messages.map((message, offset) => delivered(message, offset).received));
}

const answer = ({ key, envelope }: Take): Message[] => [
  { topic: 'balance-refunded', key, envelope, body: { orderId: key, outcome: 'success' } },
];
const saved = async () =>
  (await database.query<{ amount: number }>('SELECT amount FROM takings ORDER BY amount')).map(({ amount }) => amount);
const complaints = () => logged.filter(({ msg }) => msg === 'batch is repeated: the fault may pass');

/** Until the service has said that it waits. */
const complained = () => expect.poll(() => complaints().length, PATIENCE).toBeGreaterThan(0);
/** Until it has tried again, for nothing. */
const triedAgain = () => {
  const before = tried.length;
  return expect.poll(() => tried.length, PATIENCE).toBeGreaterThan(before + 1);
};

describe('a fault of the surroundings is the fault of no message', () => {
  test('a right that is missing: nothing becomes a dead letter, it is said once what to do, and it goes on', async () => {
    await database.query('REVOKE INSERT ON takings FROM CURRENT_USER');
    const handled = handling()(take(1), take(2));
    await complained();
    await triedAgain();
    expect([published, new Set(tried)]).toEqual([[], new Set([2])]);
    await database.query('GRANT INSERT ON takings TO CURRENT_USER');
    await handled;
    expect([await saved(), published]).toEqual([
      [1, 2],
      ['balance-refunded 1', 'balance-refunded 2'],
    ]);
    expect(complaints()).toMatchObject([
      { level: 'error', error: 'permission denied for table takings', remedy: expect.stringContaining('grant') },
    ]);
  });

  test('a table that the migrations have not made yet is waited for', async () => {
    await database.query('ALTER TABLE takings RENAME TO takings_of_old');
    const handled = handling()(take(1));
    await complained();
    await database.query('ALTER TABLE takings_of_old RENAME TO takings');
    await handled;
    expect([await saved(), published]).toEqual([[1], ['balance-refunded 1']]);
    expect(complaints()).toMatchObject([{ level: 'error', remedy: expect.stringContaining('migrat') }]);
  });

  test('a migration that changes what a prepared statement gives is taken up', async () => {
    const reading = async (sql: Transaction, amounts: readonly number[]) => {
      await sql.query('SELECT note FROM takings');
      await save(sql, amounts);
    };
    await handling(reading)(take(1));
    await database.query('ALTER TABLE takings ALTER COLUMN note TYPE varchar(100)');
    await handling(reading)(take(2));
    expect([await saved(), published]).toEqual([
      [1, 2],
      ['balance-refunded 1', 'balance-refunded 2'],
    ]);
  });

  test('a password that is wrong: nothing becomes a dead letter, and with the right one it goes on', async () => {
    const role = `purser_${randomBytes(4).toString('hex')}`;
    await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'old'`);
    await admin.query(`GRANT balance TO ${role}`);
    await admin.query(`ALTER ROLE ${role} SET role = balance`);
    await admin.query(`ALTER ROLE ${role} SET search_path = balance`);
    await admin.query(`GRANT CONNECT ON DATABASE ${new URL(url).pathname.slice(1)} TO ${role}`);
    const withPassword = new URL(url);
    withPassword.username = role;
    withPassword.password = 'new';
    const purser = createPool({ url: withPassword.href, ...LIMITS });

    const handled = handling(save, postgresDatabase(purser))(take(1));
    await complained();
    await triedAgain();
    expect(published).toEqual([]);
    await admin.query(`ALTER ROLE ${role} PASSWORD 'new'`);
    await handled;
    await purser.end();
    expect([await saved(), published]).toEqual([[1], ['balance-refunded 1']]);
    expect(complaints()).toMatchObject([
      { level: 'error', error: expect.stringContaining('password'), remedy: expect.stringContaining('DATABASE_URL') },
    ]);
    await admin.query(`DROP OWNED BY ${role}`);
    await admin.query(`DROP ROLE ${role}`);
  });

  test('a backend that an administrator ends in the middle: the batch is repeated whole (trap 10)', async () => {
    let ended = false;
    await handling(async (sql, amounts) => {
      await save(sql, amounts);
      if (ended) return;
      ended = true;
      const [own] = await sql.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      const working = sql.query('SELECT pg_sleep(600)');
      await Promise.all([working, admin.query('SELECT pg_terminate_backend($1)', [own?.pid])]);
    })(take(1), take(2), take(3));
    expect([tried, await saved(), published.length]).toEqual([[3, 3], [1, 2, 3], 3]);
    expect(complaints()).toMatchObject([{ error: 'terminating connection due to administrator command' }]);
  });
});

describe('two transactions in each other’s way (trap 13)', () => {
  const TAKE_FROM = 'UPDATE purses SET taken = taken + 1 WHERE id = $1';

  test('in a deadlock: the whole batch of the loser is repeated, and both are done', async () => {
    await database.query('UPDATE purses SET taken = 0');
    const locked = { 1: Promise.withResolvers<void>(), 2: Promise.withResolvers<void>() };
    const taking = (first: 1 | 2, then: 1 | 2) =>
      handling(async (sql, amounts) => {
        await sql.query(TAKE_FROM, [first]);
        locked[first].resolve();
        await locked[then].promise; // each holds what the other one is about to take
        await sql.query(TAKE_FROM, [then]);
        await save(sql, amounts);
      });
    await Promise.all([taking(1, 2)(take(1), take(2)), taking(2, 1)(take(3), take(4))]);
    expect(await saved()).toEqual([1, 2, 3, 4]);
    expect(tried).toEqual([2, 2, 2]);
    expect(await database.query('SELECT taken FROM purses')).toEqual([{ taken: 2 }, { taken: 2 }]);
    expect(complaints()).toMatchObject([{ level: 'warn', error: 'deadlock detected' }]);
    expect(published.filter((each) => each.startsWith('dead-letter'))).toEqual([]);
  });

  test('that cannot be put in any order: the whole batch is repeated', async () => {
    let overtaken = false;
    await handling(async (sql, amounts) => {
      await sql.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
      await sql.query('SELECT taken FROM purses');
      if (!overtaken) await database.query(TAKE_FROM, [1]);
      overtaken = true;
      await sql.query(TAKE_FROM, [1]);
      await save(sql, amounts);
    })(take(1), take(2));
    expect([tried, await saved(), published.length]).toEqual([[2, 2], [1, 2], 2]);
    expect(complaints()).toMatchObject([{ error: expect.stringContaining('could not serialize access') }]);
  });
});

describe('one row that a set-based statement refuses (trap 9)', () => {
  test.each<[string, number, (sql: Transaction, amounts: readonly number[]) => Promise<void>]>([
    ['for its constraint', 13, save],
    [
      'for U+0000',
      7,
      async (sql, amounts) => sql.send(SAVE, [amounts, amounts.includes(7) ? 'a note with \u0000' : 'fine']),
    ],
  ])('%s is found, buried and answered; the others of the batch are handled', async (_why, bad, work) => {
    const numbers = [4, 5, 6, 8, 11, 12, 14, bad].toSorted((a, b) => a - b);
    await handling(work)(...numbers.map(take));
    expect(await saved()).toEqual(numbers.filter((number) => number !== bad));
    expect(published.toSorted()).toEqual(
      [
        ...numbers.filter((number) => number !== bad).map((number) => `balance-refunded ${number}`),
        `balance-deducted ${bad}`,
        `dead-letter ${bad}`,
      ].toSorted(),
    );
  });
});
