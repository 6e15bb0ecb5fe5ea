import { withConnection } from '@saga/tools/database-connection';
import { expect, it } from 'vitest';
import { createTestDatabase } from './test-database.ts';

it('a test database is migrated, empty, of its own, and as closed to other services as a real one', async () => {
  const [one, other] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  const insert = `INSERT INTO outbox (topic, key, headers, value) VALUES ('t', 'k', '{}', 'v')`;
  await withConnection(one.url('order'), (order) => order.query(insert));
  await withConnection(other.url('order'), async (order) => {
    expect((await order.query('SELECT id FROM outbox')).rows).toEqual([]);
    await expect(order.query('SELECT id FROM product.outbox')).rejects.toThrow('permission denied for schema product');
  });
  await one.drop();
  await expect(withConnection(one.adminUrl, async () => undefined)).rejects.toThrow('does not exist');
  await other.drop();
});
