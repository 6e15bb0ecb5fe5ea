import type { Sql } from '@saga/service-kit/database';
import type { SagaEvent, SagaEvents } from '../../app/saga-events.ts';

/**
 * A transaction gets its number before it commits, and others with higher numbers may commit first. So nothing is read
 * at or above the oldest number that is still open (the snapshot's xmin): below it, nothing new can ever appear. Sorted
 * by the column itself: by its name alone it would be sorted as the text that is returned, 1000 before 999.
 */
const AFTER = `
  SELECT txid::text, saga_id AS "sagaId", seq AS version, at, message_id AS "messageId", message_type AS "messageType",
         incoming ->> 'actor' AS actor, effect
  FROM journal
  WHERE txid >= $1::xid8 AND txid < (SELECT pg_snapshot_xmin(pg_current_snapshot()))
    AND (txid, saga_id, seq) > ($1::xid8, $2::uuid, $3::int)
  ORDER BY journal.txid, journal.saga_id, journal.seq LIMIT $4`;

const NOW = `SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS txid`;

const BEFORE_ALL_SAGAS = '00000000-0000-0000-0000-000000000000';

type Row = Pick<SagaEvent, 'sagaId' | 'version' | 'actor' | 'effect'> & {
  txid: string;
  at: Date;
  messageId: string;
  messageType: string;
};

export const postgresSagaEvents = (sql: Sql): SagaEvents => ({
  after: async ({ txid, sagaId, version }, limit) =>
    (await sql.query<Row>(AFTER, [txid, sagaId, version, limit])).map(eventOf),
  now: async () => {
    const [row] = await sql.query<{ txid: string }>(NOW);
    if (!row) throw new Error('the database did not tell its snapshot');
    return { txid: row.txid, sagaId: BEFORE_ALL_SAGAS, version: 0 };
  },
});

const eventOf = ({ txid, sagaId, version, at, messageId, messageType, effect, actor }: Row): SagaEvent => ({
  at: { txid, sagaId, version },
  time: at,
  sagaId,
  version,
  message: { id: messageId, type: messageType },
  effect,
  actor,
});
