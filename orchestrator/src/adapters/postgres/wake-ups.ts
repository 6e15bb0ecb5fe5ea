import type { Transaction } from '@saga/service-kit/database';
import type { WakeUps } from '../../saga/timer.ts';

const SET = `
  UPDATE saga SET wake_at = to_timestamp("wakeAt" / 1000.0), look_at = to_timestamp("lookAt" / 1000.0)
  FROM json_to_recordset($1::json) AS due (id uuid, "wakeAt" bigint, "lookAt" bigint)
  WHERE saga.id = due.id AND saga.id = ANY($2::uuid[])`;

export function setWakeUps(sql: Transaction, wakeUps: ReadonlyMap<string, WakeUps>): void {
  sql.send(SET, [
    JSON.stringify(Array.from(wakeUps, ([id, { wakeAt, lookAt }]) => ({ id, wakeAt, lookAt }))),
    [...wakeUps.keys()],
  ]);
}
