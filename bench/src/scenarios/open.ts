import { withConnection } from '@saga/tools/database-connection';
import { placeAll } from '../load/burst.ts';
import { orderSources } from '../load/order-source.ts';
import type { TemporaryDatabase } from '../machine/databases.ts';
import type { Session } from '../session.ts';
import { startOurs } from '../systems/ours.ts';
import { until } from '../until.ts';
import { compareSystems } from './compare.ts';
import type { Scenario } from './scenario.ts';

const SAGAS = { full: 100_000, small: 1_000 } as const;
const REQUESTS = 512;
const LOOK_AGAIN_MS = 5_000;
const LONGEST_WAIT_MS = 30 * 60_000;
/** Much less than their deadline, an hour, at which they would all be cancelled while others are measured. */
const LONGEST_OPEN_MS = 20 * 60_000;

/** Those that wait are on their way to the delivery, which is silent; those that flow need none. */
const SILENT = ['delivery'] as const;
const FLOWING = 'reserve-order';

/** Sagas that wait for a participant, for how long nobody knows, must not slow down those that do not need it. */
export const open: Scenario = {
  name: 'open',
  systems: ['ours'],
  visit: async (session, _name, size, run) => {
    const sagas = SAGAS[size];
    const fill = (database: TemporaryDatabase) => leaveOpen(session, database, sagas);
    const waiting = await session.prepared('open_sagas', fill, LONGEST_OPEN_MS);
    const on = (copied: string | undefined, used: number) => ({
      start: () => {
        const database = (name: string) => session.database(name, copied);
        return startOurs(session, { database, silent: SILENT, saga: FLOWING });
      },
      orders: orderSources(used).of(),
    });
    return compareSystems(session, { empty: on(undefined, 0), open: on(waiting, sagas) }, size, run);
  },
};

/** After its last answer a timer has come, and noticed that the participant is silent. */
const SEEN_TO_WAIT = `
  SELECT count(*)::int AS sagas
  FROM (
    SELECT FROM orchestrator.journal WHERE message_type IN ('balance-deducted', 'timer') GROUP BY saga_id
    HAVING max(seq) FILTER (WHERE message_type = 'timer') > max(seq) FILTER (WHERE message_type = 'balance-deducted')
  ) AS waiting`;

/**
 * Real ones: orders are placed, and go as far as they can, until each has been seen to wait. Left in the tables when
 * everything is stopped.
 */
async function leaveOpen(session: Session, database: TemporaryDatabase, sagas: number): Promise<void> {
  session.say(`placing ${sagas} orders that stay open`);
  const kept = { ...database, drop: async () => undefined };
  await using system = await startOurs(session, { database: async () => kept, silent: SILENT });
  await placeAll(system, orderSources().of(), { orders: sagas, requests: REQUESTS });
  await withConnection(database.url, async (client) => {
    const allWait = async () =>
      (await client.query<{ sagas: number }>(SEEN_TO_WAIT)).rows[0]?.sagas === sagas || undefined;
    await until('the silence of all participants', LONGEST_WAIT_MS, allWait, LOOK_AGAIN_MS);
  });
}
