import { orderSources } from '../load/order-source.ts';
import { startOurs } from '../systems/ours.ts';
import { compareSystems } from './compare.ts';
import { fillWithFinishedSagas } from './finished-sagas.ts';
import type { Scenario } from './scenario.ts';

const SAGAS = { full: 1_000_000, small: 10_000 } as const;

/** What was done before must not slow down what is done now. */
export const finished: Scenario = {
  name: 'finished',
  systems: ['ours'],
  visit: async (session, _name, size, run) => {
    const filled = await session.prepared('finished_sagas', async ({ url }) => {
      session.say(`writing ${SAGAS[size]} finished sagas`);
      await fillWithFinishedSagas(url, SAGAS[size]);
    });
    const on = (copied?: string) => ({
      start: () => startOurs(session, { database: (name) => session.database(name, copied) }),
      orders: orderSources().of(),
    });
    return compareSystems(session, { empty: on(), finished: on(filled) }, size, run);
  },
};
