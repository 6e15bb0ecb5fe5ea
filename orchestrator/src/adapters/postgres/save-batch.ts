import type { Transaction } from '@saga/service-kit/database';
import { documentsIn, jsonSequence } from '@saga/service-kit/json-sequence';
import type { AnsweredUpTo, JournalRow, SagaChange } from '../../app/saga-store.ts';
import { messageIdOf, messageTypeOf } from '../../saga/incoming.ts';
import type { Saga } from '../../saga/state.ts';
import { stuckOf } from '../../saga/stuck.ts';

/** The sagas that $1 and, their states, $2 hold; moments are milliseconds. */
const SAGAS = `
  ROWS FROM (
    json_to_recordset($1::json) AS (
      id uuid, definition text, "definitionVersion" int, status text, version int, partition int, "failureCode" text,
      "stuckSince" bigint, "stuckCode" text, "wakeAt" bigint, "lookAt" bigint, "startedAt" bigint, "updatedAt" bigint,
      "endedAt" bigint, "expectedVersion" int),
    ${documentsIn('$2')})
  AS changed (
    id, definition, "definitionVersion", status, version, partition, "failureCode",
    "stuckSince", "stuckCode", "wakeAt", "lookAt", "startedAt", "updatedAt", "endedAt", "expectedVersion", state)`;

/** A plain insert: where another replica started the saga first, the whole batch is repeated (trap 3). */
const INSERT = `
  INSERT INTO saga (id, definition, definition_version, status, version, partition, state,
                    failure_code, stuck_since, stuck_code, wake_at, look_at, started_at, updated_at, ended_at)
  SELECT id, definition, "definitionVersion", status, version, partition, state::json,
         "failureCode", to_timestamp("stuckSince" / 1000.0), "stuckCode", to_timestamp("wakeAt" / 1000.0),
         to_timestamp("lookAt" / 1000.0),
         to_timestamp("startedAt" / 1000.0), to_timestamp("updatedAt" / 1000.0), to_timestamp("endedAt" / 1000.0)
  FROM ${SAGAS}
  ORDER BY id`;

/**
 * Progress only lowers the wake-up times, so that the update stays heap-only; the end clears them. The rows were locked:
 * only a bug can have changed a version since, and it must not pass unseen: then the statement fails, with the sagas in
 * its error.
 */
const UPDATE = `
  WITH updated AS (
  UPDATE saga SET
    definition = changed.definition, definition_version = changed."definitionVersion",
    started_at = to_timestamp(changed."startedAt" / 1000.0), status = changed.status, version = changed.version,
    state = changed.state::json, failure_code = changed."failureCode",
    stuck_since = to_timestamp(changed."stuckSince" / 1000.0), stuck_code = changed."stuckCode",
    wake_at = CASE WHEN changed."wakeAt" IS NULL THEN NULL
                   ELSE least(saga.wake_at, to_timestamp(changed."wakeAt" / 1000.0)) END,
    look_at = CASE WHEN changed."lookAt" IS NULL THEN NULL
                   ELSE least(saga.look_at, to_timestamp(changed."lookAt" / 1000.0)) END,
    updated_at = to_timestamp(changed."updatedAt" / 1000.0), ended_at = to_timestamp(changed."endedAt" / 1000.0)
  FROM ${SAGAS}
  WHERE saga.id = changed.id AND saga.id = ANY($3) AND saga.version = changed."expectedVersion"
  RETURNING saga.id)
  SELECT ('sagas were changed by somebody else since they were locked: ' || string_agg(id::text, ', '))::int
  FROM unnest($3::uuid[]) AS given (id) WHERE id NOT IN (SELECT id FROM updated) HAVING count(*) > 0`;

export function saveSagas(sql: Transaction, changes: readonly SagaChange[]): void {
  const [created, changed] = [changes.filter(isNew), changes.filter((change) => !isNew(change))];
  if (created.length > 0) sql.send(INSERT, valuesOf(created));
  if (changed.length > 0) sql.send(UPDATE, [...valuesOf(changed), changed.map(({ saga }) => saga.id)]);
}

const valuesOf = (changes: readonly SagaChange[]): [string, string] => [
  JSON.stringify(changes.map(rowOf)),
  jsonSequence(changes.map(({ saga }) => saga)),
];

const isNew = ({ expectedVersion }: SagaChange): boolean => expectedVersion === undefined;

function rowOf({ saga, expectedVersion, wakeAt, lookAt }: SagaChange) {
  const known = saga.status === 'AWAITED' ? undefined : columnsOf(saga);
  return {
    id: saga.id,
    // A cancellation that came first: nothing else is known of the saga yet.
    definition: known?.definition ?? '',
    definitionVersion: known?.definitionVersion ?? 0,
    status: saga.status,
    version: saga.version,
    partition: saga.partition,
    failureCode: known?.failureCode,
    stuckSince: known?.stuckSince,
    stuckCode: known?.stuckCode,
    wakeAt,
    lookAt,
    startedAt: known?.startedAt ?? saga.updatedAt,
    updatedAt: saga.updatedAt,
    endedAt: known?.endedAt,
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
  SELECT "sagaId", seq, to_timestamp(at / 1000.0), "messageId", "messageType", incoming::json, effect, sent::json
  FROM ROWS FROM (
    json_to_recordset($1::json)
      AS ("sagaId" uuid, seq int, at bigint, "messageId" uuid, "messageType" text, effect json),
    ${documentsIn('$2')}, ${documentsIn('$3')})
  AS entry ("sagaId", seq, at, "messageId", "messageType", effect, incoming, sent)`;

export function saveJournal(sql: Transaction, journal: readonly JournalRow[]): void {
  if (journal.length === 0) return;
  const rows = journal.map(({ sagaId, seq, at, incoming, effect }) => {
    return { sagaId, seq, at, messageId: messageIdOf(incoming), messageType: messageTypeOf(incoming), effect };
  });
  sql.send(APPEND, [
    JSON.stringify(rows),
    jsonSequence(journal.map(({ incoming }) => incoming)),
    jsonSequence(journal.map(({ sent }) => sent)),
  ]);
}

/** A hot row per topic and partition: touched by the one replica that has the partition, once a batch. */
const ANSWERED = `
  INSERT INTO topic_progress (command_topic, partition, answered_up_to)
  SELECT topic, partition, "upTo" FROM json_to_recordset($1::json) AS answered (topic text, partition int, "upTo" bigint)
  ORDER BY topic, partition
  ON CONFLICT (command_topic, partition)
    DO UPDATE SET answered_up_to = greatest(topic_progress.answered_up_to, excluded.answered_up_to)`;

export function saveAnswered(sql: Transaction, answered: readonly AnsweredUpTo[]): void {
  if (answered.length > 0) sql.send(ANSWERED, [JSON.stringify(answered)]);
}
