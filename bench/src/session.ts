import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { withConnection } from '@saga/tools/database-connection';
import { type OrderSample, sampleOrder } from './floor/sample.ts';
import { copyDatabase, makeShop, type TemporaryDatabase } from './machine/databases.ts';
import { type Servers, startServers } from './machine/servers.ts';

/** What all measurements of one invocation share. */
export type Session = {
  servers: Servers;
  /** Where results and logs are kept. */
  folder: string;
  /** Where CPU profiles of our processes are kept; without it none are made. */
  profiles: string | undefined;
  say(line: string): void;
  /** A name that nothing else of this session has: for databases and topics. */
  newName(prefix: string): string;
  /** A database of ours: a copy of one that was made before, of that of the shop unless said otherwise. */
  database(name: string, copied?: string): Promise<TemporaryDatabase>;
  /**
   * Makes a shop with something in it, as what others are copies of: once, or anew when it has become older than that.
   * Returns its name.
   */
  prepared(kind: string, fill: (database: TemporaryDatabase) => Promise<void>, maxAgeMs?: number): Promise<string>;
  /** What an order of ours sends and writes; one is run the first time that it is asked for. */
  sample(): Promise<OrderSample>;
  close(): Promise<void>;
};

export type SessionOptions = Pick<Session, 'folder' | 'profiles' | 'say'>;

export async function openSession({ folder, profiles, say }: SessionOptions): Promise<Session> {
  mkdirSync(folder, { recursive: true });
  const opened = new AsyncDisposableStack();
  try {
    const servers = opened.adopt(await startServers(say), (it) => it.stop());
    const { postgresUrl } = servers;
    // The servers may be somebody's who has more on them.
    const id = randomBytes(3).toString('hex');
    let names = 0;
    const newName = (prefix: string): string => {
      names += 1;
      return `${prefix}_${id}_${names}`;
    };
    say('filling the shop');
    const shop = opened.adopt(await makeShop(postgresUrl, newName('shop')), (it) => it.drop());
    const prepared = new Map<string, { name: string; at: number }>();
    let sample: Promise<OrderSample> | undefined;
    const session: Session = {
      servers,
      folder,
      profiles,
      say,
      newName,
      database: (name, copied = shop.name) => copyDatabase(postgresUrl, name, copied),
      prepared: async (kind, fill, maxAgeMs = Number.POSITIVE_INFINITY) => {
        const known = prepared.get(kind);
        const at = performance.now();
        if (known && at - known.at < maxAgeMs) return known.name;
        const database = opened.adopt(await copyDatabase(postgresUrl, newName(kind), shop.name), (it) => it.drop());
        await fill(database);
        await withConnection(database.url, (client) => client.query('VACUUM (ANALYZE)'));
        prepared.set(kind, { name: database.name, at });
        return database.name;
      },
      sample: () => {
        sample ??= sampleOrder(session);
        return sample;
      },
      close: () => opened.disposeAsync(),
    };
    return session;
  } catch (error) {
    await opened.disposeAsync();
    throw error;
  }
}
