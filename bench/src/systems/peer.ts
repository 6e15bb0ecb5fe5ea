import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePorts } from '@saga/tools/infrastructure/ports';
import { emptyDatabase, plannedByIndex } from '../machine/databases.ts';
import { SHOP } from '../orders.ts';
import type { Session } from '../session.ts';
import { startChild } from './child.ts';
import { orderFront } from './order-front.ts';
import type { Outcome, RunningSystem } from './system.ts';

export type PeerName = 'dbos' | 'restate' | 'temporal';

const PROGRAMS = new URL('../../peers/src/', import.meta.url);
const PORTS = 4;
/** An order is answered at its end: each in flight has a connection. */
const CONNECTIONS = 4_096;
const OK = 200;
/** Restate's SDK else writes a line for each call. */
const QUIET = { RESTATE_LOGGING: 'ERROR' };

/** An engine that others would pick, as a process of its own on databases of its own: see bench/peers. */
export async function startPeer(session: Session, peer: PeerName): Promise<RunningSystem> {
  const started = new AsyncDisposableStack();
  try {
    const name = session.newName(peer);
    const shop = started.adopt(await emptyDatabase(session.servers.postgresUrl, name), (it) => it.drop());
    const engine = started.adopt(await emptyDatabase(session.servers.postgresUrl, `${name}_engine`), (it) => it.drop());
    const folder = mkdtempSync(path.join(tmpdir(), `saga-bench-${peer}-`));
    started.defer(async () => rmSync(folder, { recursive: true, force: true }));
    const settings = {
      databaseUrl: plannedByIndex(shop.url),
      engineDatabaseUrl: engine.url,
      folder,
      ports: await freePorts(PORTS),
      shop: SHOP,
    };
    const child = started.adopt(
      await startChild<{ url: string; path: string }>(
        new URL(`${peer}.ts`, PROGRAMS),
        { PEER: JSON.stringify(settings), ...QUIET },
        path.join(session.folder, `${peer}.log`),
      ),
      (it) => it.stop(),
    );
    const front = started.adopt(orderFront(child.ready.url, CONNECTIONS), (it) => it.close());
    return {
      run: async (order, onAccepted) => {
        const id = randomUUID();
        const { status, body } = await front.post(child.ready.path, { id, ...order });
        if (status !== OK) throw new Error(`${peer} answered ${status}: ${body}`);
        onAccepted?.();
        return JSON.parse(body) as Outcome;
      },
      pids: () => ({ [peer]: [child.pid] }),
      profiled: [],
      databases: [shop.name, engine.name],
      messages: async () => 0,
      [Symbol.asyncDispose]: () => started.disposeAsync(),
    };
  } catch (error) {
    await started.disposeAsync();
    throw error;
  }
}
