import { decode, encode, type ReceivedMessage } from '@saga/messages/codec';
import type { Message } from '@saga/messages/message';
import type { BatchHandler } from '@saga/service-kit/broker';
import { systemClock } from '@saga/service-kit/clock';
import type { Database, Sql } from '@saga/service-kit/database';
import { deliver } from '@saga/service-kit/deliver';
import { errorCode } from '@saga/service-kit/error-code';
import { type InboxStore, postgresInbox } from '@saga/service-kit/inbox-store';
import { memoryBroker, recordOf } from '@saga/service-kit/memory-broker';
import type { Participant } from '@saga/service-kit/participant';
import { participantHandler } from '@saga/service-kit/participant-handler';
import pino from 'pino';
import { beforeAll, describe, expect, test } from 'vitest';

export type ParticipantUnderTest<Tables> = {
  participant: Participant<Tables>;
  database: Database;
  /** An action that can succeed, of an order of its own each time, and what undoes it. */
  arrange(): Promise<{ action: Message; undo: Message }>;
  /** What all effects amount to: the same before an action and after it has been undone. */
  effect(): Promise<unknown>;
  /** PostgreSQL, where it does not say. */
  adapter?: Adapter;
};

/** What the participant's rows lie in. */
export type Adapter = {
  inbox: InboxStore;
  /** Resolves when what was sent before has been executed. */
  executed(sql: Sql): Promise<unknown>;
  /** How many transactions wait for another. */
  blocked(): Promise<number | undefined>;
};

const UNTIL_BLOCKED_MS = 30_000;

/**
 * What every participant keeps to, whatever its domain: each runs it on real PostgreSQL in its own specification, and
 * the simulator's stores in memory are held to it too.
 */
export function participantContract<Tables>(setUp: () => Promise<ParticipantUnderTest<Tables>>): void {
  describe('as a participant of a saga', () => {
    let under: ParticipantUnderTest<Tables>;
    let replica: Replica;
    let adapter: Adapter;

    beforeAll(async () => {
      under = await setUp();
      adapter = under.adapter ?? onPostgres(under.database);
      replica = replicaOf(under.participant, under.database, adapter.inbox);
    });

    test('an action takes effect once, however often it is delivered, and is always answered the same (trap 1, trap 2)', async () => {
      const { action } = await under.arrange();
      const before = await under.effect();
      const first = await replica.handle(action);
      const after = await under.effect();
      expect(outcomes(first)).toEqual(['success']);
      expect(after).not.toEqual(before);
      expect(await replica.handle(action)).toEqual(first);
      expect(await replica.handle(action, action)).toEqual([...first, ...first]);
      expect(await under.effect()).toEqual(after);
    });

    test('an action whose id is written in capitals is the same action', async () => {
      const { action } = await under.arrange();
      const first = await replica.handle(action);
      const after = await under.effect();
      const { envelope } = action;
      const shouted: Message = { ...action, envelope: { ...envelope, id: envelope.id.toUpperCase() } };
      expect(await replica.handle(shouted)).toEqual(first);
      expect(await under.effect()).toEqual(after);
    });

    test('an action doubled in one batch takes effect once (trap 24)', async () => {
      const { action, undo } = await under.arrange();
      const before = await under.effect();
      const [first, second] = await replica.handle(action, action);
      expect(second).toEqual(first);
      await replica.handle(undo);
      expect(await under.effect()).toEqual(before);
    });

    test('a compensation undoes its action once, however often it is delivered', async () => {
      const { action, undo } = await under.arrange();
      const before = await under.effect();
      await replica.handle(action);
      const undone = await replica.handle(undo);
      expect(outcomes(undone)).toEqual(['success']);
      expect(await under.effect()).toEqual(before);
      expect(await replica.handle(undo)).toEqual(undone);
      expect(await under.effect()).toEqual(before);
    });

    test('an action that was undone is answered as before and does not take effect again', async () => {
      const { action, undo } = await under.arrange();
      const before = await under.effect();
      const first = await replica.handle(action);
      await replica.handle(undo);
      expect(await replica.handle(action)).toEqual(first);
      expect(await under.effect()).toEqual(before);
    });

    test('an action and its compensation in one batch leave nothing (trap 24)', async () => {
      const { action, undo } = await under.arrange();
      const before = await under.effect();
      expect(outcomes(await replica.handle(action, undo))).toEqual(['success', 'success']);
      expect(await under.effect()).toEqual(before);
    });

    test('a compensation that comes before its action fences it off for good (trap 4)', async () => {
      const { action, undo } = await under.arrange();
      const before = await under.effect();
      expect(outcomes(await replica.handle(undo))).toEqual(['success']);
      expect(reasons(await replica.handle(action))).toEqual(['FENCED']);
      expect(reasons(await replica.handle(action))).toEqual(['FENCED']);
      expect(await under.effect()).toEqual(before);
    });

    test('a compensation that comes before its action in one batch fences it off', async () => {
      const { action, undo } = await under.arrange();
      const before = await under.effect();
      expect(outcomes(await replica.handle(undo, action, undo))).toEqual(['success', 'rejected', 'success']);
      expect(await under.effect()).toEqual(before);
    });

    test('two replicas that get the same action at once do it once (trap 3)', async () => {
      const { action, undo } = await under.arrange();
      const before = await under.effect();
      const slow = slowReplicaOf(under, adapter);
      const first = slow.handle(action);
      await slow.saved;
      const second = replica.handle(action);
      await untilBlocked(adapter);
      slow.goOn();
      expect(await second).toEqual(await first);
      await replica.handle(undo);
      expect(await under.effect()).toEqual(before);
    });

    test('a compensation on one replica finds the action that another has not committed yet (trap 25)', async () => {
      const { action, undo } = await under.arrange();
      const before = await under.effect();
      const slow = slowReplicaOf(under, adapter);
      const done = slow.handle(action);
      await slow.saved;
      const undone = replica.handle(undo);
      await untilBlocked(adapter);
      slow.goOn();
      expect([...outcomes(await done), ...outcomes(await undone)]).toEqual(['success', 'success']);
      expect(await under.effect()).toEqual(before);
    });

    test('two replicas that get the same in opposite order never deadlock: what was handled is noted in one order (trap 13)', async () => {
      const arranged = [await under.arrange(), await under.arrange(), await under.arrange()];
      const undos = arranged.map(({ undo }) => undo); // of nothing, so that no other row is locked
      const faults: unknown[] = [];
      const watched = watchedReplicaOf(under, adapter, faults);
      const held = await holdInInbox(under, adapter, undos[1]?.envelope.id ?? '');
      const first = watched.handle(...undos);
      await untilBlocked(adapter);
      const second = watched.handle(...undos.toReversed());
      await untilBlocked(adapter, 2);
      await held.letGo();
      expect((await second).toReversed()).toEqual(await first);
      expect(faults.map(errorCode)).not.toContain('40P01');
    });
  });
}

/** One process of the service: from the messages that it gets to those that it publishes. */
export type Replica = { handle(...messages: Message[]): Promise<Message[]> };

export function replicaOf<Tables>(
  participant: Participant<Tables>,
  database: Database,
  inbox: InboxStore = postgresInbox,
): Replica {
  return {
    handle: async (...messages) => {
      const published: Message[] = [];
      const handle: BatchHandler = deliver({
        service: participant.service,
        handler: participantHandler(participant, database, inbox),
        broker: {
          ...memoryBroker({ partitions: 1 }),
          publish: async (wire) => {
            published.push(...wire.map((message) => read({ topic: message.topic, ...recordOf(message) })));
          },
        },
        clock: systemClock,
        logger: pino({ level: 'silent' }),
        observer: { batch: () => {}, handled: () => {}, deadLetter: () => {} },
        inboxDays: 30,
        stopping: new AbortController().signal,
      });
      await handle(messages.map(received));
      return published;
    },
  };
}

/** A replica that stands still between its last statement and its commit. */
function slowReplicaOf<Tables>({ participant, database }: ParticipantUnderTest<Tables>, adapter: Adapter) {
  const saved = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const standing: Database = {
    ...database,
    transaction: (work) =>
      database.transaction(async (sql) => {
        const result = await work(sql);
        await adapter.executed(sql);
        saved.resolve();
        await released.promise;
        return result;
      }),
  };
  return { ...replicaOf(participant, standing, adapter.inbox), saved: saved.promise, goOn: released.resolve };
}

/** A replica whose transactions' faults are seen, though it repeats them. */
function watchedReplicaOf<Tables>(
  { participant, database }: ParticipantUnderTest<Tables>,
  adapter: Adapter,
  faults: unknown[],
): Replica {
  const watched: Database = {
    ...database,
    transaction: async (work) => {
      try {
        return await database.transaction(work);
      } catch (error) {
        faults.push(error);
        throw error;
      }
    },
  };
  return replicaOf(participant, watched, adapter.inbox);
}

/** A transaction that has noted the message as handled, and is undone when it is let go. */
async function holdInInbox<Tables>({ database }: ParticipantUnderTest<Tables>, adapter: Adapter, id: string) {
  const noted = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const held = database.transaction(async (sql) => {
    adapter.inbox.insert(sql, new Map([[id, 'fenced']]));
    await adapter.executed(sql);
    noted.resolve();
    await released.promise;
    throw new Error('let go');
  });
  const letGo = async (): Promise<void> => {
    released.resolve();
    await expect(held).rejects.toThrow('let go');
  };
  await noted.promise;
  return { letGo };
}

const COUNT_BLOCKED = `
  SELECT count(*) AS blocked FROM pg_stat_activity
  WHERE datname = current_database() AND wait_event_type = 'Lock'`;

export const onPostgres = (database: Database): Adapter => ({
  inbox: postgresInbox,
  executed: (sql) => sql.query('SELECT 1'), // answered in the order of the sending
  blocked: async () => (await database.query<{ blocked: number }>(COUNT_BLOCKED))[0]?.blocked,
});

/** Until so many transactions wait for another. */
const untilBlocked = ({ blocked }: Adapter, count = 1) =>
  expect.poll(blocked, { timeout: UNTIL_BLOCKED_MS }).toBeGreaterThanOrEqual(count);

function received(message: Message): ReceivedMessage {
  const { value, ...rest } = encode(message);
  return { ...rest, value: Buffer.from(value), partition: 0, offset: '0' };
}

function read(wire: Omit<ReceivedMessage, 'partition' | 'offset'>): Message {
  const decoded = decode({ ...wire, partition: 0, offset: '0' });
  if (!decoded.ok) throw new Error(`what was published cannot be read: ${decoded.reason}`);
  return decoded.message;
}

/** What the facts say, in their order. */
export const outcomes = (messages: readonly Message[]): string[] =>
  messages.flatMap(({ body }) => ('outcome' in body ? [body.outcome] : []));

/** Why the facts say no, in their order. */
export const reasons = (messages: readonly Message[]): string[] =>
  messages.flatMap(({ body }) => ('outcome' in body && body.outcome !== 'success' ? [body.reason.code] : []));
