import pg from 'pg';

/** Asks an installation's database, as its administrator. */
export async function query<Row extends object>(
  databaseUrl: string,
  statement: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  client.on('error', () => {}); // whatever was asked rejects with it
  try {
    await client.connect();
    return (await client.query<Row>(statement, values)).rows;
  } finally {
    await client.end().catch(() => {});
  }
}

/** The number of rows that a condition is true of. */
export async function count(databaseUrl: string, from: string): Promise<number> {
  const [row] = await query<{ count: string }>(databaseUrl, `SELECT count(*) FROM ${from}`);
  return Number(row?.count);
}
