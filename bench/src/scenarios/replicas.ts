import { orderSources } from '../load/order-source.ts';
import { startOurs } from '../systems/ours.ts';
import { compareSystems } from './compare.ts';
import type { Scenario } from './scenario.ts';

/** Two of every service instead of one. On one machine that can only cost: it shows how much. */
export const replicas: Scenario = {
  name: 'replicas',
  systems: ['ours'],
  visit: async (session, _name, size, run) => {
    const of = (replicas: number) => ({ start: () => startOurs(session, { replicas }), orders: orderSources().of() });
    return compareSystems(session, { '1 of each': of(1), '2 of each': of(2) }, size, run);
  },
};
