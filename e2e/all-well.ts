import { type Told, type Violation, violations } from '@saga/testkit/invariants';
import { expect } from 'vitest';
import type { Installation } from './installation.ts';
import { journalMismatches } from './journal.ts';
import type { Shop } from './shop.ts';
import { type StoredMessage, storedMessages } from './topics.ts';

/** A dead letter is known by whose it is, where its message stood, and why it is one. */
export type DeadLetter = { service: string; topic: string; partition: number; offset: string; code: string };

/** Where a message stands in an installation's topics. */
export type Place = Pick<DeadLetter, 'topic' | 'partition' | 'offset'>;

export const placeOf = ({ topic, partition, offset }: Place): string => `${topic}/${partition}@${offset}`;
const nameOf = (letter: DeadLetter): string => `${letter.service}: ${placeOf(letter)} ${letter.code}`;

/**
 * What was promised holds over an installation whose orders have all ended: on the tables, in the topics, and between
 * every saga and its journal.
 */
export async function expectAllWell(
  shop: Shop,
  installation: Installation,
  expectedDeadLetters: readonly DeadLetter[] = [],
): Promise<void> {
  const { databaseUrl } = installation;
  // The last effects of an order follow its end: what it reserved is settled, the platform counts it.
  await shop.until(
    () => violations(databaseUrl),
    (broken) => broken.length === 0,
    'every invariant to hold',
  );
  expect(await violations(databaseUrl, await told(installation, expectedDeadLetters))).toEqual<Violation[]>([]);
  expect(await journalMismatches(databaseUrl), 'sagas that differ from their journal').toEqual([]);
}

async function told(installation: Installation, expected: readonly DeadLetter[]): Promise<Told> {
  const messages = await storedMessages(installation, ['order-processed', 'dead-letter']);
  const unreadable = new Set(expected.map(placeOf));
  const of = (topic: string) =>
    messages.filter((message) => message.topic === topic && !unreadable.has(placeOf(message)));
  return {
    processed: of('order-processed').map(({ headers, key }) => ({ id: String(headers.ce_id), orderId: String(key) })),
    deadLetters: of('dead-letter').map((message) => nameOf(deadLetterOf(message))),
    expectedDeadLetters: expected.map(nameOf),
  };
}

function deadLetterOf({ value }: StoredMessage): DeadLetter {
  const { service, topic, partition, offset, error } = JSON.parse(String(value));
  return { service, topic, partition, offset: String(offset), code: error.code };
}
