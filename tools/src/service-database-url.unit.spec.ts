import { expect, it } from 'vitest';
import { passwordsFromEnvironment, serviceDatabaseUrl, withoutPasswords } from './service-database-url.ts';

const ADMIN = 'postgresql://postgres:secret@127.0.0.1:5432/saga';

it("a service's environment has no service's password: its own stands in its URL", () => {
  const env = { ORDER_DB_PASSWORD: 'a', PRODUCT_DB_PASSWORD: 'b', LOG_LEVEL: 'info' };
  expect(withoutPasswords(env)).toEqual({ LOG_LEVEL: 'info' });
  expect(new URL(serviceDatabaseUrl(ADMIN, 'order', passwordsFromEnvironment(env))).password).toBe('a');
});

it('a password that is not given is derived, the same on every run, another for every service', () => {
  expect(serviceDatabaseUrl(ADMIN, 'order')).toBe(serviceDatabaseUrl(ADMIN, 'order'));
  expect(new URL(serviceDatabaseUrl(ADMIN, 'order')).password).not.toBe(
    new URL(serviceDatabaseUrl(ADMIN, 'product')).password,
  );
});
