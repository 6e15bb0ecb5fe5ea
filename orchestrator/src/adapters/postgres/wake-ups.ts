import type { Transaction } from '@saga/service-kit/database';
import type { Instant } from '../../saga/state.ts';

const SET = `
  UPDATE saga SET wake_at = to_timestamp(due.wake_at / 1000.0)
  FROM unnest($1::uuid[], $2::bigint[]) AS due (id, wake_at)
  WHERE saga.id = due.id`;

export function setWakeUps(sql: Transaction, wakeUps: ReadonlyMap<string, Instant | undefined>): void {
  sql.send(SET, [[...wakeUps.keys()], [...wakeUps.values()].map((at) => at ?? null)]);
}
