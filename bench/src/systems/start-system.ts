import type { Session } from '../session.ts';
import { startFloor } from './floor.ts';
import { startOurs } from './ours.ts';
import { startPeer } from './peer.ts';
import type { RunningSystem } from './system.ts';

/**
 * Everything that can be measured. `ours-platformatic` is ours with the other Kafka client. `floor` is Kafka and
 * PostgreSQL alone, through kafkajs; the others that begin so show what a client costs, and what the rows cost.
 */
export const systemNames = [
  'ours',
  'ours-platformatic',
  'floor',
  'floor-adapter',
  'floor-adapter-platformatic',
  'floor-platformatic',
  'floor-messages',
  'dbos',
  'restate',
  'temporal',
] as const;
export type SystemName = (typeof systemNames)[number];

/** On a database and topics of its own, which are gone after `stop`. */
export function startSystem(session: Session, name: SystemName): Promise<RunningSystem> {
  switch (name) {
    case 'ours':
      return startOurs(session);
    case 'ours-platformatic':
      return startOurs(session, { client: 'platformatic' });
    case 'floor':
      return startFloor(session, { client: 'kafkajs', rows: true });
    case 'floor-adapter':
      return startFloor(session, { client: 'adapter', rows: true });
    case 'floor-adapter-platformatic':
      return startFloor(session, { client: 'adapter-platformatic', rows: true });
    case 'floor-platformatic':
      return startFloor(session, { client: 'platformatic', rows: true });
    case 'floor-messages':
      return startFloor(session, { client: 'kafkajs', rows: false });
    case 'dbos':
    case 'restate':
    case 'temporal':
      return startPeer(session, name);
    default:
      throw name satisfies never;
  }
}
