import type { Sql, Transaction } from '@saga/service-kit/database';
import type { TopicProgress } from '../../app/saga-store.ts';

/** Not locked: every batch of answers writes these rows, and would wait for the timers. */
const LOAD = `
  SELECT command_topic AS topic, partition, answered_up_to AS "upTo", probing_since AS "probingSince", probes
  FROM topic_progress WHERE partition = ANY($1::int[])`;

export const loadProgress = (sql: Sql, partitions: readonly number[]): Promise<TopicProgress[]> =>
  sql.query<TopicProgress>(LOAD, [partitions]);

const COUNT = `
  INSERT INTO topic_progress (command_topic, partition, probing_since, probes)
  SELECT topic, partition, "probingSince", probes
  FROM json_to_recordset($1::json) AS probed (topic text, partition int, "probingSince" bigint, probes int)
  ORDER BY topic, partition
  ON CONFLICT (command_topic, partition)
    DO UPDATE SET probing_since = excluded.probing_since, probes = excluded.probes`;

export function countProbes(sql: Transaction, progress: readonly TopicProgress[]): void {
  if (progress.length > 0) sql.send(COUNT, [JSON.stringify(progress)]);
}
