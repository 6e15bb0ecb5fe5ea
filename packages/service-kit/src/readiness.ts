import type { Broker } from './broker.ts';
import type { Sql } from './database.ts';
import type { FaultLog } from './fault-log.ts';
import { messageOf } from './faults.ts';
import type { Readiness } from './health-routes.ts';
import type { HeldBack } from './held-back.ts';
import { sharedAnswer } from './shared-answer.ts';
import { within } from './within.ts';

/** Probes give up after a second or so: a check that takes longer is answered with that. */
const CHECK_LIMIT_MS = 900;
/** Probes come from several sides: within this time they share one answer. */
const CHECK_HOLDS_MS = 1_000;

/** How far a service is on its way. */
export type Phase = 'waits for the database' | 'waits for the broker' | 'works' | 'stops';

export type ReadinessOptions = {
  database: Sql;
  broker: Broker;
  worksWithoutBroker?: boolean;
  notReady?: () => Promise<string | undefined>;
  phase: () => Phase;
  heldBack: HeldBack;
  /** Of what handles messages. */
  faults: Pick<FaultLog, 'needsMending'>;
};

/** Asks everything that the service cannot do without, at once. */
export function createReadiness(options: ReadinessOptions): Readiness {
  const { database, broker, worksWithoutBroker = false, notReady, phase, heldBack, faults } = options;
  const databaseFault = sharedAnswer(() => faultOf('the database', database.query('SELECT 1')), CHECK_HOLDS_MS);
  const goodPhases: readonly Phase[] = worksWithoutBroker ? ['works', 'waits for the broker'] : ['works'];
  return async () => {
    const missing = await Promise.all([
      goodPhases.includes(phase()) ? undefined : `the service ${phase()}`,
      databaseFault(),
      worksWithoutBroker ? undefined : faultOf('the broker', broker.check()),
      notReady?.().catch(messageOf),
      faults.needsMending && `no message can be handled (${faults.needsMending})`,
    ]);
    return { missing: missing.filter((fault) => fault !== undefined), heldBack: heldBack.notice() };
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
