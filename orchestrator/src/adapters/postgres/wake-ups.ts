import type { Transaction } from '@saga/service-kit/database';
import type { Instant } from '../../saga/state.ts';

const SET = `
  UPDATE saga SET wake_at = to_timestamp(due.at / 1000.0)
  FROM json_to_recordset($1::json) AS due (id uuid, at bigint)
  WHERE saga.id = due.id AND saga.id = ANY($2::uuid[])`;

export function setWakeUps(sql: Transaction, wakeUps: ReadonlyMap<string, Instant | undefined>): void {
  sql.send(SET, [JSON.stringify(Array.from(wakeUps, ([id, at]) => ({ id, at }))), [...wakeUps.keys()]]);
}
