import { withConnection } from '@saga/tools/database-connection';
import { cpuSecondsOf, peakMemoryMbOf } from '../machine/processes.ts';
import type { Session } from '../session.ts';
import type { RunningSystem } from '../systems/system.ts';

/** What a system has used so far. */
export type Reading = {
  /** By part, the database included. */
  cpuSeconds: Readonly<Record<string, number>>;
  walBytes: number;
  transactions: number;
  messages: number;
};

const READ_DATABASE = `
  SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 AS "walBytes",
         (SELECT sum(xact_commit) FROM pg_stat_database WHERE datname = ANY($1))::float8 AS transactions`;

/** Sessions tell their transactions about once a second: over ten seconds the count may be off by some per cent. */
export async function readMeters({ servers }: Session, system: RunningSystem): Promise<Reading> {
  const [database, messages] = await Promise.all([
    withConnection(servers.postgresUrl, async (client) => {
      const { rows } = await client.query<{ walBytes: number; transactions: number }>(READ_DATABASE, [
        system.databases,
      ]);
      return rows[0] ?? { walBytes: 0, transactions: 0 };
    }),
    system.messages(),
  ]);
  const cpuSeconds = cpuSecondsOf({ ...system.pids(), postgres: servers.pids.postgres });
  return { cpuSeconds, messages, ...database };
}

/** Figures by their name and unit, as they stand in the tables. */
export type Figures = Readonly<Record<string, number>>;

export function perSaga(from: Reading, to: Reading, sagas: number): Figures {
  const cpu = Object.entries(to.cpuSeconds).map(([part, seconds]) => {
    const used = seconds - (from.cpuSeconds[part] ?? 0);
    return [`cpu ms/saga ${part}`, (used * 1_000) / sagas] as const;
  });
  const total = cpu.reduce((sum, [, milliseconds]) => sum + milliseconds, 0);
  return {
    'cpu ms/saga': total,
    ...Object.fromEntries(cpu),
    'wal bytes/saga': (to.walBytes - from.walBytes) / sagas,
    'transactions/saga': (to.transactions - from.transactions) / sagas,
    'messages/saga': (to.messages - from.messages) / sagas,
  };
}

/** The largest process of each part, what one has to give a container; and the largest of them all but the broker. */
export function memoryOf(system: RunningSystem): Figures {
  const peaks = Object.entries(peakMemoryMbOf(system.pids()));
  return {
    'memory MB': Math.max(...peaks.map(([part, mb]) => (part === 'kafka' ? 0 : mb))),
    ...Object.fromEntries(peaks.map(([part, mb]) => [`memory MB ${part}`, mb])),
  };
}
