/**
 * SQL: of the ids that were drawn so many days ago by the database's clock, the first. An order's id begins with the
 * milliseconds since the epoch (UUIDv7): so the index on it tells also what is old, and the tables that grow by the
 * order need no index on a time.
 *
 * @param days an SQL expression of type int.
 */
export const firstIdDaysAgo = (days: string): string =>
  `rpad(lpad(to_hex(greatest(0, floor(extract(epoch FROM now() - ${days} * interval '1 day') * 1000))::bigint), 12, '0'), 32, '0')::uuid`;
