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
  ])('%s', (_what, error) => expect(isTransient(error)).toBe(true));
});

describe('a fault that stays', () => {
  it.each([
    ['a violated constraint', withCode('23514')],
    ['a bug', new TypeError('undefined is not a function')],
    ['no error at all', 'ECONNREFUSED'],
    ['a table that Prisma does not find', byPrisma({ kind: 'TableDoesNotExist', originalCode: '42P01' })],
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
