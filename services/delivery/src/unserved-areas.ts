import type { Database } from '@saga/service-kit/database';

/** Readers go on; two that replace the list at once do it one after the other, lest both lists are kept. */
const LOCK = `LOCK TABLE unserved_areas IN SHARE ROW EXCLUSIVE MODE`;
const REMOVE_OTHERS = `DELETE FROM unserved_areas WHERE prefix <> ALL($1::text[])`;
const ADD_MISSING = `
  INSERT INTO unserved_areas (prefix)
  SELECT DISTINCT prefix FROM unnest($1::text[]) AS area (prefix)
  ON CONFLICT (prefix) DO NOTHING`;

/** From now on exactly these are not served. Deliveries that were arranged before stay as they are. */
export const replaceUnservedAreas = (database: Database, prefixes: readonly string[]): Promise<void> =>
  database.transaction(async (sql) => {
    await sql.query(LOCK);
    await sql.query(REMOVE_OTHERS, [prefixes]);
    await sql.query(ADD_MISSING, [prefixes]);
  });
