import { type Instant, runsOf, type Saga } from './state.ts';

export type Stuck = { since: Instant; step: string; code: string };

/** What of this saga has been stuck for the longest; undefined where nothing is. */
export function stuckOf(saga: Saga): Stuck | undefined {
  const all = Object.entries(saga.steps).flatMap(([step, state]) =>
    runsOf(state).flatMap(({ action, compensation }) =>
      [action.stuck, compensation?.stuck].flatMap((stuck) => (stuck ? [{ step, ...stuck }] : [])),
    ),
  );
  return all.sort((a, b) => a.since - b.since)[0];
}
