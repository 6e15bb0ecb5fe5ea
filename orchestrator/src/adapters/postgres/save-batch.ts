import type { Transaction } from '@saga/service-kit/database';
import type { AnsweredUpTo, JournalRow, SagaChange } from '../../app/saga-store.ts';
import { messageIdOf, messageTypeOf } from '../../saga/incoming.ts';
import type { Saga } from '../../saga/state.ts';
import { stuckOf } from '../../saga/stuck.ts';

/** A plain insert: where another replica started the saga first, the whole batch is repeated (trap 3). */
const INSERT = `
  INSERT INTO saga (id, definition, definition_version, status, version, partition, state,
                    failure_code, stuck_since, stuck_code, wake_at, started_at, updated_at, ended_at)
  SELECT id, definition, definition_version, status, version, partition, state,
         failure_code, to_timestamp(stuck_since / 1000.0), stuck_code, to_timestamp(wake_at / 1000.0),
         to_timestamp(started_at / 1000.0), to_timestamp(updated_at / 1000.0), to_timestamp(ended_at / 1000.0)
  FROM unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::int[], $6::int[], $7::json[],
              $8::text[], $9::bigint[], $10::text[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[])
    AS new (id, definition, definition_version, status, version, partition, state,
            failure_code, stuck_since, stuck_code, wake_at, started_at, updated_at, ended_at)
  ORDER BY id`;

/**
 * Progress only lowers wake_at, so that the update stays heap-only; the end clears it. The rows were locked: only a bug
 * can have changed a version since, and it must not pass unseen: then the statement fails, with the sagas in its error.
 */
const UPDATE = `
  WITH updated AS (
  UPDATE saga SET
    definition = changed.definition, definition_version = changed.definition_version,
    started_at = to_timestamp(changed.started_at / 1000.0), status = changed.status, version = changed.version, state = changed.state,
    failure_code = changed.failure_code, stuck_since = to_timestamp(changed.stuck_since / 1000.0),
    stuck_code = changed.stuck_code,
    wake_at = CASE WHEN changed.wake_at IS NULL THEN NULL
                   ELSE least(saga.wake_at, to_timestamp(changed.wake_at / 1000.0)) END,
    updated_at = to_timestamp(changed.updated_at / 1000.0), ended_at = to_timestamp(changed.ended_at / 1000.0)
  FROM unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::int[], $6::json[],
              $7::text[], $8::bigint[], $9::text[], $10::bigint[], $11::bigint[], $12::bigint[], $13::int[], $14::bigint[])
    AS changed (id, definition, definition_version, status, version, state,
                failure_code, stuck_since, stuck_code, wake_at, updated_at, ended_at, expected_version, started_at)
  WHERE saga.id = changed.id AND saga.version = changed.expected_version
  RETURNING saga.id)
  SELECT ('sagas were changed by somebody else since they were locked: ' || string_agg(id::text, ', '))::int
  FROM unnest($1::uuid[]) AS given (id) WHERE id NOT IN (SELECT id FROM updated) HAVING count(*) > 0`;

export function saveSagas(sql: Transaction, changes: readonly SagaChange[]): void {
  const created = changes.filter(({ expectedVersion }) => expectedVersion === undefined).map(rowOf);
  const changed = changes.filter(({ expectedVersion }) => expectedVersion !== undefined).map(rowOf);
  if (created.length > 0)
    sql.send(INSERT, [
      created.map((row) => row.id),
      created.map((row) => row.definition),
      created.map((row) => row.definitionVersion),
      created.map((row) => row.status),
      created.map((row) => row.version),
      created.map((row) => row.partition),
      created.map((row) => row.state),
      created.map((row) => row.failureCode),
      created.map((row) => row.stuckSince),
      created.map((row) => row.stuckCode),
      created.map((row) => row.wakeAt),
      created.map((row) => row.startedAt),
      created.map((row) => row.updatedAt),
      created.map((row) => row.endedAt),
    ]);
  if (changed.length > 0)
    sql.send(UPDATE, [
      changed.map((row) => row.id),
      changed.map((row) => row.definition),
      changed.map((row) => row.definitionVersion),
      changed.map((row) => row.status),
      changed.map((row) => row.version),
      changed.map((row) => row.state),
      changed.map((row) => row.failureCode),
      changed.map((row) => row.stuckSince),
      changed.map((row) => row.stuckCode),
      changed.map((row) => row.wakeAt),
      changed.map((row) => row.updatedAt),
      changed.map((row) => row.endedAt),
      changed.map((row) => row.expectedVersion),
      changed.map((row) => row.startedAt),
    ]);
}

function rowOf({ saga, expectedVersion, wakeAt }: SagaChange) {
  const known = saga.status === 'AWAITED' ? undefined : columnsOf(saga);
  return {
    id: saga.id,
    // A cancellation that came first: nothing else is known of the saga yet.
    definition: known?.definition ?? '',
    definitionVersion: known?.definitionVersion ?? 0,
    status: saga.status,
    version: saga.version,
    partition: saga.partition,
    state: JSON.stringify(saga),
    failureCode: known?.failureCode ?? null,
    stuckSince: known?.stuckSince ?? null,
    stuckCode: known?.stuckCode ?? null,
    wakeAt: wakeAt ?? null,
    startedAt: known?.startedAt ?? saga.updatedAt,
    updatedAt: saga.updatedAt,
    endedAt: known?.endedAt ?? null,
    expectedVersion,
  };
}

function columnsOf(saga: Saga) {
  const stuck = stuckOf(saga);
  return {
    definition: saga.definition.name,
    definitionVersion: saga.definition.version,
    failureCode: saga.failure?.code,
    stuckSince: stuck?.since,
    stuckCode: stuck?.code,
    startedAt: saga.startedAt,
    endedAt: saga.endedAt,
  };
}

const APPEND = `
  INSERT INTO journal (saga_id, seq, at, message_id, message_type, incoming, effect, sent)
  SELECT saga_id, seq, to_timestamp(at / 1000.0), message_id, message_type, incoming, effect, sent
  FROM unnest($1::uuid[], $2::int[], $3::bigint[], $4::uuid[], $5::text[], $6::json[], $7::json[], $8::json[])
    AS entry (saga_id, seq, at, message_id, message_type, incoming, effect, sent)`;

export function saveJournal(sql: Transaction, journal: readonly JournalRow[]): void {
  if (journal.length === 0) return;
  sql.send(APPEND, [
    journal.map((row) => row.sagaId),
    journal.map((row) => row.seq),
    journal.map((row) => row.at),
    journal.map((row) => messageIdOf(row.incoming)),
    journal.map((row) => messageTypeOf(row.incoming)),
    journal.map((row) => JSON.stringify(row.incoming)),
    journal.map((row) => JSON.stringify(row.effect)),
    journal.map((row) => JSON.stringify(row.sent)),
  ]);
}

/** A hot row per topic and partition: touched by the one replica that has the partition, once a batch. */
const ANSWERED = `
  INSERT INTO topic_progress (command_topic, partition, answered_up_to)
  SELECT command_topic, partition, answered_up_to
  FROM unnest($1::text[], $2::int[], $3::bigint[]) AS answered (command_topic, partition, answered_up_to)
  ORDER BY command_topic, partition
  ON CONFLICT (command_topic, partition)
    DO UPDATE SET answered_up_to = greatest(topic_progress.answered_up_to, excluded.answered_up_to)`;

export function saveAnswered(sql: Transaction, answered: readonly AnsweredUpTo[]): void {
  if (answered.length === 0) return;
  sql.send(ANSWERED, [
    answered.map(({ topic }) => topic),
    answered.map(({ partition }) => partition),
    answered.map(({ upTo }) => upTo),
  ]);
}
