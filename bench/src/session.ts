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
  /** Makes a shop with something in it, once, as what others are copies of. Returns its name. */
  prepared(name: string, fill: (database: TemporaryDatabase) => Promise<void>): Promise<string>;
  /** What an order of ours sends and writes; one is run the first time that it is asked for. */
  sample(): Promise<OrderSample>;
  close(): Promise<void>;
};

const SHOP = 'shop';

export type SessionOptions = Pick<Session, 'folder' | 'profiles' | 'say'>;

export async function openSession({ folder, profiles, say }: SessionOptions): Promise<Session> {
  mkdirSync(folder, { recursive: true });
  const servers = await startServers(say);
  try {
    say('filling the shop');
    await makeShop(servers.postgresUrl, SHOP);
  } catch (error) {
    await servers.stop();
    throw error;
  }
  let names = 0;
  let sample: Promise<OrderSample> | undefined;
  const made = new Set<string>();
  const session: Session = {
    servers,
    folder,
    profiles,
    say,
    newName: (prefix) => {
      names += 1;
      return `${prefix}_${names}`;
    },
    database: (name, copied = SHOP) => copyDatabase(servers.postgresUrl, name, copied),
    prepared: async (name, fill) => {
      if (made.has(name)) return name;
      const database = await copyDatabase(servers.postgresUrl, name, SHOP);
      try {
        await fill(database);
        await withConnection(database.url, (client) => client.query('VACUUM (ANALYZE)'));
      } catch (error) {
        await database.drop();
        throw error;
      }
      made.add(name);
      return name;
    },
    sample: () => {
      sample ??= sampleOrder(session);
      return sample;
    },
    close: () => servers.stop(),
  };
  return session;
}
