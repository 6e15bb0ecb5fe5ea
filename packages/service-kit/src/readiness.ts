import type { Broker } from './broker.ts';
import type { Sql } from './database.ts';
import { messageOf } from './faults.ts';
import type { Readiness } from './health-routes.ts';
import { within } from './kafka/within.ts';

/** Probes give up after a second or so: a check that takes longer is answered with that. */
const CHECK_LIMIT_MS = 900;
/** Probes come from several sides: within this time they share one answer. */
const CHECK_HOLDS_MS = 1_000;

export type ReadinessOptions = {
  database: Sql;
  /** Nothing for a service that does its work without it. */
  broker: Broker | undefined;
  /** What the start, or the stop, has not got over yet. */
  startsOrStops: () => string | undefined;
  notReady: (() => Promise<string | undefined>) | undefined;
};

/** Asks everything that the service cannot do without, at once. */
export function createReadiness({ database, broker, startsOrStops, notReady }: ReadinessOptions): Readiness {
  const databaseFault = held(() => faultOf('the database', database.query('SELECT 1')));
  return async () => {
    const faults = await Promise.all([
      startsOrStops(),
      databaseFault(),
      broker && faultOf('the broker', broker.check()),
      notReady?.().catch(messageOf),
    ]);
    return faults.filter((fault) => fault !== undefined);
  };
}

async function faultOf(what: string, check: Promise<unknown>): Promise<string | undefined> {
  try {
    await within(CHECK_LIMIT_MS, 'its answer', check);
    return undefined;
  } catch (error) {
    return `${what} is away (${messageOf(error)})`;
  }
}

function held<Answer>(ask: () => Promise<Answer>): () => Promise<Answer> {
  let last: { at: number; answer: Promise<Answer> } | undefined;
  return () => {
    const now = performance.now();
    if (last === undefined || now - last.at > CHECK_HOLDS_MS) last = { at: now, answer: ask() };
    return last.answer;
  };
}
