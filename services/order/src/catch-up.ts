import type { Broker } from '@saga/service-kit/broker';
import type { Sql } from '@saga/service-kit/database';
import { messageOf } from '@saga/service-kit/faults';

/**
 * Whether the read models have caught up with the state topics once, so that the edge refuses no order for a product
 * that the shop has had for long.
 *
 * After a restart this replica waits for it again, as long as the broker answers. While the broker is away it serves
 * from what it has, if this installation has caught up with these topics before: the read models are in PostgreSQL,
 * and one that is behind is never dangerous (the saga checks price, coupon and account where they lie; at worst it
 * cancels), whereas not to serve would make an outage of the broker one of the shop. That it caught up is therefore
 * kept, per topic: a topic that a new version adds must be caught up with first. Once reached, it stays so.
 */
export interface CatchUp {
  /**
   * Why orders cannot be judged yet, in a sentence; undefined when they can. It answers at once with what the last
   * look found, and has another look meanwhile: whoever asks is a probe, which asks again.
   */
  missing(): string | undefined;
}

export type CatchUpOptions = { database: Sql; broker: Broker; group: string; topics: readonly string[] };

const FIND_BEHIND = `
  SELECT topic FROM unnest($1::text[]) AS needed (topic)
  WHERE NOT EXISTS (SELECT FROM caught_up WHERE caught_up.topic = needed.topic)`;

const SAVE_CAUGHT_UP = `
  INSERT INTO caught_up (topic) SELECT topic FROM unnest($1::text[]) AS reached (topic) ORDER BY topic
  ON CONFLICT DO NOTHING`;

export function createCatchUp({ database, broker, group, topics }: CatchUpOptions): CatchUp {
  let reason: string | undefined = 'the read models have not been compared with the state topics yet';
  let isLooking = false;

  async function look(): Promise<string | undefined> {
    const lag = await lagOrFault();
    if (typeof lag === 'string') {
      const behind = await database.query<{ topic: string }>(FIND_BEHIND, [topics]);
      return behind.length === 0 ? undefined : `the read models were never filled, and now the broker is away: ${lag}`;
    }
    if (lag > 0) return `the read models are ${lag} messages behind the state topics`;
    await database.query(SAVE_CAUGHT_UP, [topics]);
    return undefined;
  }

  async function lagOrFault(): Promise<number | string> {
    try {
      await broker.check(); // which says sooner than a count that the broker is away
      return await broker.lag(group, topics);
    } catch (error) {
      return messageOf(error);
    }
  }

  async function lookAgain(): Promise<void> {
    if (isLooking) return;
    isLooking = true;
    reason = await look().catch(messageOf);
    isLooking = false;
  }

  return {
    missing: () => {
      if (reason !== undefined) void lookAgain();
      return reason;
    },
  };
}
