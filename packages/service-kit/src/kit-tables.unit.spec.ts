import { expect, it } from 'vitest';
import { findKitTables } from './kit-tables.ts';

it('a database without the migrations is no database to start with', async () => {
  const empty = { query: async () => [] };
  await expect(findKitTables(empty)).rejects.toThrow('the migrations have not been applied');
});
