import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { testDatabase } from '@saga/testkit/test-database';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BY_WHOLE_TABLES, createPool, type Database, postgresDatabase, type Transaction } from './database.ts';
import { isTransient, Unavailable } from './faults.ts';

/** One connection: whatever a transaction leaves behind, the next one finds. */
const ONE_PATIENT = { maxConnections: 1, statementTimeoutMs: 30_000, connectTimeoutMs: 10_000 };

let url: string;
let pool: pg.Pool;
let database: Database;
beforeAll(async () => {
  url = await testDatabase('product');
  pool = createPool({ url, ...ONE_PATIENT });
  database = postgresDatabase(pool);
  await database.query('CREATE TABLE notes (id int PRIMARY KEY, text text NOT NULL)');
});
afterAll(() => pool.end());

const INSERT = 'INSERT INTO notes (id, text) VALUES ($1, $2)';
/** How many connections to this pool's database wait within a transaction. */
async function idleInTransaction(): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query(`
    SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'`);
  await client.end();
  return rows.length;
}
const ids = async () => (await database.query<{ id: number }>('SELECT id FROM notes ORDER BY id')).map(({ id }) => id);

describe('a transaction', () => {
  test('commits what was sent with it, and gives the result of its work', async () => {
    const result = await database.transaction(async (sql) => {
      sql.send(INSERT, [1, 'sent']);
      return 'done';
    });
    expect(result).toBe('done');
    expect(await ids()).toEqual([1]);
  });

  test('rejects with the error of a statement that was sent, and commits nothing', async () => {
    const doubled = database.transaction(async (sql) => {
      sql.send(INSERT, [2, 'before']);
      sql.send(INSERT, [1, 'again']);
      sql.send(INSERT, [3, 'after']);
    });
    await expect(doubled).rejects.toMatchObject({ code: '23505' });
    expect(await ids()).toEqual([1]);
  });

  test('rejects with the cause, though its work failed of a later statement', async () => {
    const failing = database.transaction(async (sql) => {
      sql.send(INSERT, [1, 'again']);
      await sql.query('SELECT 1');
    });
    await expect(failing).rejects.toMatchObject({ code: '23505' });
  });

  test('never ends in a commit that silently is a rollback, though its error was swallowed (trap 15)', async () => {
    const swallowed = database.transaction(async (sql) => {
      await sql.query(INSERT, [4, 'lost']);
      await sql.query('SELECT 1 / 0').catch(() => {});
    });
    await expect(swallowed).rejects.toThrow('division by zero');
    expect(await ids()).toEqual([1]);
  });

  test('tells the first cause, never only that the transaction is aborted', async () => {
    const misled = database.transaction(async (sql) => {
      await sql.query('SELECT 1 / 0').catch(() => {});
      await sql.query(INSERT, [4, 'refused with 25P02']);
    });
    await expect(misled).rejects.toThrow('division by zero');
  });

  test('rolls back when its work throws, also with statements under way', async () => {
    const thrown = database.transaction(async (sql) => {
      sql.send(INSERT, [5, 'gone']);
      throw new Error('a change of mind');
    });
    await expect(thrown).rejects.toThrow('a change of mind');
    expect(await ids()).toEqual([1]);
  });

  test('takes no statement after its work has failed: it would stand though all else is rolled back', async () => {
    let late: (() => void) | undefined;
    const failed = database.transaction(async (sql) => {
      late = () => sql.send(INSERT, [7, 'late']);
      throw new Error('a change of mind');
    });
    await expect(failed).rejects.toThrow('a change of mind');
    expect(late).toThrow('after the work of its transaction had ended');
  });

  test('takes no statement after its work has ended: it would not be part of it', async () => {
    let late: (() => void) | undefined;
    await database.transaction(async (sql) => {
      late = () => sql.send(INSERT, [6, 'late']);
    });
    expect(late).toThrow('after the work of its transaction had ended');
    expect(await ids()).toEqual([1]);
  });
});

/** A database that refuses this command of every transaction, and whose connections live on. */
function refusing(command: 'BEGIN' | 'ROLLBACK'): { pool: pg.Pool; database: Database } {
  const pool = createPool({ url, ...ONE_PATIENT });
  pool.on('connect', (connection) => {
    const query = connection.query.bind(connection) as (...given: unknown[]) => unknown;
    const isRefused = (first: unknown) => typeof first === 'string' && first.startsWith(command);
    const refused = (first: unknown, ...rest: unknown[]) => query(isRefused(first) ? `${command} NO` : first, ...rest);
    connection.query = refused as typeof connection.query;
  });
  return { pool, database: postgresDatabase(pool) };
}

describe('a statement of a transaction', () => {
  const UPDATE = `
    UPDATE grown SET text = new.text FROM unnest($1::int[], $2::text[]) AS new (id, text) WHERE grown.id = new.id AND grown.id = ANY($1)`;

  const MANY = Array.from({ length: 500 }, (_, id) => id);

  /** How often the table was read from end to end by the work. */
  const scans = (work: (sql: Transaction) => Promise<unknown>) =>
    database.transaction(async (sql) => {
      const count = async () => {
        const [row] = await sql.query<{ scans: number }>(
          `SELECT pg_stat_get_xact_numscans('grown'::regclass) AS scans`,
        );
        return row?.scans ?? Number.NaN;
      };
      const before = await count();
      await work(sql);
      return (await count()) - before;
    });

  beforeAll(async () => {
    await database.query('CREATE TABLE grown (id int PRIMARY KEY, text text NOT NULL)');
    // Often enough for PostgreSQL to choose a plan that it keeps.
    for (let time = 0; time < 10; time += 1)
      await database.transaction((sql) => sql.query(UPDATE, [MANY, MANY.map(String)]));
    await database.query(`INSERT INTO grown SELECT id, 'text' FROM generate_series(1, 1000) AS id`);
  });

  test('goes by the index, though its plan was made when the table was empty', async () => {
    expect(await scans((sql) => sql.query(UPDATE, [[7], ['seven']]))).toBe(0);
  });

  test('reads a whole table as one, where it says so', async () => {
    const sum = 'SELECT count(*)::int AS rows FROM grown WHERE id > 0';
    const planned = async (sql: Transaction) => {
      await sql.query(BY_WHOLE_TABLES);
      return sql.query(sum);
    };
    expect(await scans(planned)).toBe(1);
  });
});

describe('a transaction that could not begin', () => {
  const WITHOUT_PARAMETERS = `INSERT INTO notes VALUES (8, 'stray')`;

  test.each<[string, (sql: Transaction) => Promise<unknown>]>([
    ['by what is sent', async (sql) => sql.send(INSERT, [8, 'stray'])],
    ['by what is asked', (sql) => sql.query(WITHOUT_PARAMETERS)],
    ['by what is asked after a read', (sql) => Promise.all([sql.query('SELECT 1'), sql.query(WITHOUT_PARAMETERS)])],
    [
      'by what is sent after a read was answered',
      async (sql) => {
        await sql.query('SELECT 1');
        sql.send(INSERT, [8, 'stray']);
      },
    ],
    ['by a read alone', (sql) => sql.query('SELECT 1')],
  ])('rejects and changes nothing: %s', async (_how, work) => {
    const broken = refusing('BEGIN');
    await expect(broken.database.transaction(work)).rejects.toThrow('syntax error');
    await broken.pool.end();
    expect(await ids()).toEqual([1]);
  });
});

describe('a connection', () => {
  test('that could not roll back is not handed to the next transaction', async () => {
    const broken = refusing('ROLLBACK');
    await expect(broken.database.transaction((sql) => sql.query('SELECT 1 / 0'))).rejects.toThrow('division by zero');
    expect(await broken.database.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await broken.pool.end();
  });

  test('survives bad data: only what may have spoilt it closes it', async () => {
    const backend = async () => (await database.query<{ pid: number }>('SELECT pg_backend_pid() AS pid'))[0]?.pid;
    const before = await backend();
    await expect(database.query(INSERT, [1, 'again'])).rejects.toMatchObject({ code: '23505' });
    await expect(database.transaction((sql) => sql.query(INSERT, [1, 'again']))).rejects.toMatchObject({
      code: '23505',
    });
    const pipelined = database.transaction(async (sql) => {
      sql.send(INSERT, [1, 'again']);
      sql.send(INSERT, [9, 'told only that the transaction is aborted']);
    });
    await expect(pipelined).rejects.toMatchObject({ code: '23505' });
    expect(await backend()).toBe(before);
  });

  test('prepares a statement anew after a value that could not be sent', async () => {
    const unsendable = {
      toPostgres: () => {
        throw new TypeError('no such value');
      },
    };
    const ECHO = 'SELECT $1::text AS echo';
    await database.query(ECHO, ['first']);
    await expect(database.transaction((sql) => sql.query(ECHO, [unsendable]))).rejects.toThrow('no such value');
    expect(await database.query(ECHO, ['second'])).toEqual([{ echo: 'second' }]);
  });

  test('that no longer knows what was prepared on it is replaced, and the fault may pass', async () => {
    const ECHO = 'SELECT $1::text AS forgotten';
    await database.query(ECHO, ['first']);
    await database.query('DEALLOCATE ALL');
    await expect(database.query(ECHO, ['second'])).rejects.toSatisfy(isTransient);
    expect(await database.query(ECHO, ['third'])).toEqual([{ forgotten: 'third' }]);
  });
});

/** A way to the database that can be cut as a frozen machine cuts it: nothing is closed, nothing comes any more. */
async function freezable() {
  const { hostname, port } = new URL(url);
  let frozen = false;
  const sockets = new Set<Socket>();
  const proxy = createServer((client) => {
    const server = connect(Number(port), hostname);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(from);
      from.on('data', (bytes) => frozen || to.write(bytes));
      from.on('error', () => {});
      from.on('close', () => to.destroy());
    }
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const through = new URL(url);
  through.host = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  return {
    url: through.href,
    freeze: () => {
      frozen = true;
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      proxy.close();
    },
  };
}

test('a connection that cannot be made is the fault of no message, whatever it lacks: here, TLS', async () => {
  const secure = new URL(url);
  secure.searchParams.set('sslmode', 'verify-full');
  const refused = createPool({ url: secure.href, ...ONE_PATIENT });
  for (const use of [
    () => postgresDatabase(refused).query('SELECT 1'),
    () => postgresDatabase(refused).transaction((sql) => sql.query('SELECT 1')),
  ])
    await expect(use()).rejects.toBeInstanceOf(Unavailable);
  await refused.end();
});

describe('a database that is frozen', () => {
  const IMPATIENT = { maxConnections: 1, statementTimeoutMs: 1, connectTimeoutMs: 1_000 };

  test.each<[string, (database: Database) => Promise<unknown>]>([
    ['a statement', (database) => database.query('SELECT 1')],
    ['a transaction', (database) => database.transaction((sql) => sql.query('SELECT 1'))],
  ])('is given up, as a fault that may pass: %s', { timeout: 120_000 }, async (_what, use) => {
    const way = await freezable();
    const frozen = createPool({ url: way.url, ...IMPATIENT });
    const through = postgresDatabase(frozen);
    await frozen.query('SELECT 1').catch(() => {}); // there is a connection now
    way.freeze();
    await expect(use(through)).rejects.toSatisfy(isTransient);
    await expect(use(through)).rejects.toSatisfy(isTransient); // a new connection is not answered either
    way.close();
    await frozen.end();
  });
});

test('a transaction in which nothing happens any more is ended by the database, and the fault may pass', async () => {
  const [setting] = await database.query<{ timeout: string }>(
    `SELECT current_setting('idle_in_transaction_session_timeout') AS timeout`,
  );
  expect(setting?.timeout).toBe('1min');
  const idle = database.transaction(async (sql) => {
    await sql.query(`SET LOCAL idle_in_transaction_session_timeout = 1`);
    await expect.poll(idleInTransaction, { timeout: 60_000 }).toBe(0);
    await sql.query('SELECT 1');
  });
  await expect(idle).rejects.toSatisfy(isTransient);
});
