import { orderSources } from '../load/order-source.ts';
import type { Figures } from '../meters/readings.ts';
import { startOurs } from '../systems/ours.ts';
import { compareInTurns, withRatios } from './compare.ts';
import { fillWithFinishedSagas } from './finished-sagas.ts';
import type { Scenario } from './scenario.ts';

const SAGAS = { full: 1_000_000, small: 10_000 } as const;

/** What was done before must not slow down what is done now. */
export const finished: Scenario = {
  name: 'finished',
  systems: ['ours'],
  visit: async (session, _name, size) => {
    const filled = await session.prepared('finished_sagas', async ({ url }) => {
      session.say(`writing ${SAGAS[size]} finished sagas`);
      await fillWithFinishedSagas(url, SAGAS[size]);
    });
    const measured: Record<string, Figures> = {};
    for (const [label, copied] of Object.entries({ empty: undefined, finished: filled })) {
      await using system = await startOurs(session, { database: (name) => session.database(name, copied) });
      Object.assign(measured, await compareInTurns(session, system, { [label]: orderSources().of() }, size));
    }
    return withRatios(measured);
  },
};
