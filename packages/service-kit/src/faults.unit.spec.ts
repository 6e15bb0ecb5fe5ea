import { describe, expect, it } from 'vitest';
import { isTransient, isUniqueViolation, messageOf, Unavailable } from './faults.ts';

const withCode = (code: string): Error => Object.assign(new Error('the database said no'), { code });

/** As Prisma 7 raises it: its own code, and far inside what the driver met. */
const byPrisma = (cause: { kind: string; originalCode?: string }): Error =>
  Object.assign(new Error('\nInvalid `prisma.outbox.findMany()` invocation:\n\n\nWhat the database said'), {
    name: 'PrismaClientKnownRequestError',
    code: 'P2010',
    meta: { driverAdapterError: Object.assign(new Error(cause.kind), { cause }) },
  });

describe('a fault that may pass', () => {
  it.each([
    ['a deadlock', withCode('40P01')],
    ['a lost connection', withCode('08006')],
    ['a database that is not there', withCode('ECONNREFUSED')],
    ['one of several addresses that is not there', new AggregateError([withCode('ECONNREFUSED')])],
    ['a pool that is exhausted', new Error('timeout exceeded when trying to connect')],
    ['what a service says itself', new Unavailable('not yet')],
    ['a database that Prisma cannot reach', byPrisma({ kind: 'DatabaseNotReachable' })],
    ['a statement of Prisma that took too long', byPrisma({ kind: 'postgres', originalCode: '57014' })],
    ['a table that Prisma does not find', byPrisma({ kind: 'TableDoesNotExist', originalCode: '42P01' })],
    ["a server's certificate that Prisma does not trust", byPrisma({ kind: 'TlsConnectionError' })],
    ['a wrong password', withCode('28P01')],
    ['a missing right', withCode('42501')],
    ['a missing table', withCode('42P01')],
    ['a missing column', withCode('42703')],
    ['a type that a migration changed', withCode('42804')],
    ['a missing database', withCode('3D000')],
    ['a missing schema', withCode('3F000')],
    ['a full disk', withCode('53100')],
    ['a disk that cannot be read', withCode('58030')],
    ['an index that is corrupted', withCode('XX002')],
    ['a fault inside PostgreSQL', withCode('XX000')],
    ['a database that shuts down', withCode('57P01')],
    ['a database that crashed', withCode('57P02')],
    ['a database that starts', withCode('57P03')],
    ['a transaction that stood still too long', withCode('25P03')],
    ['a transaction that took too long', withCode('25P04')],
    ['a prepared statement that is not known any more', withCode('26000')],
    ['a prepared statement whose result was changed by a migration', withCode('0A000')],
  ])('%s', (_what, error) => expect(isTransient(error)).toBe(true));
});

describe('a fault that stays', () => {
  it.each([
    ['a violated constraint', withCode('23514')],
    ['bad data', withCode('22021')],
    ['more than an index takes', withCode('54000')],
    ['what is only said to be aborted', withCode('25P02')],
    ['a bug', new TypeError('undefined is not a function')],
    ['an error of another kind that begins alike', withCode('42_NOT_A_STATE')],
    ['no error at all', 'ECONNREFUSED'],
  ])('%s', (_what, error) => expect(isTransient(error)).toBe(false));
});

describe('a unique violation', () => {
  it('is known from a statement and from Prisma', () => {
    expect(isUniqueViolation(withCode('23505'))).toBe(true);
    expect(isUniqueViolation(byPrisma({ kind: 'UniqueConstraintViolation', originalCode: '23505' }))).toBe(true);
    expect(isUniqueViolation(withCode('23503'))).toBe(false);
  });
});

describe('what is said about an error', () => {
  it('is one line', () => {
    expect(messageOf(new Error('no'))).toBe('no');
    expect(messageOf('no')).toBe('no');
    expect(messageOf(new AggregateError([new Error('::1 refused'), new Error('127.0.0.1 refused')]))).toBe(
      '::1 refused, 127.0.0.1 refused',
    );
    expect(messageOf(byPrisma({ kind: 'postgres' }))).toBe('What the database said');
  });
});
