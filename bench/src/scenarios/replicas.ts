import { orderSources } from '../load/order-source.ts';
import type { Figures } from '../meters/readings.ts';
import { startOurs } from '../systems/ours.ts';
import { compareInTurns, withRatios } from './compare.ts';
import type { Scenario } from './scenario.ts';

/** Two of every service instead of one. On one machine that can only cost: it shows how much. */
export const replicas: Scenario = {
  name: 'replicas',
  systems: ['ours'],
  visit: async (session, _name, size) => {
    const measured: Record<string, Figures> = {};
    for (const count of [1, 2]) {
      await using system = await startOurs(session, { replicas: count });
      Object.assign(
        measured,
        await compareInTurns(session, system, { [`${count} of each`]: orderSources().of() }, size),
      );
    }
    return withRatios(measured);
  },
};
