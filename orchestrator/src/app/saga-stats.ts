import { topicOf } from '../saga/command-message.ts';
import type { Registry } from '../saga/registry.ts';
import type { Instant } from '../saga/state.ts';
import type { OpenSagas, SagaCount, WaitCount } from './saga-queries.ts';
import { NOT_REGISTERED } from './saga-view.ts';

/** How the open sagas stand, and for whose answers they wait. Times are RFC 3339. */
export function sagaStats(registry: Registry, { counts, waits, progress, isComplete }: OpenSagas) {
  const stuck = counts.filter(({ stuckCode }) => stuckCode !== null);
  return {
    open: sumOf(counts),
    stuck: sumOf(stuck),
    oldest: counts.length === 0 ? null : oldestOf(counts),
    isComplete,
    sagas: grouped(counts, ({ definition, status, stuckCode }) => `${definition} ${status} ${stuckCode === null}`).map(
      (alike) => ({
        definition: alike[0].definition,
        status: alike[0].status,
        stuck: alike[0].stuckCode !== null,
        sagas: sumOf(alike),
        oldest: oldestOf(alike),
      }),
    ),
    stuckByCode: grouped(stuck, ({ stuckCode }) => String(stuckCode)).map((alike) => ({
      code: String(alike[0].stuckCode),
      sagas: sumOf(alike),
    })),
    participants: grouped(waits, (wait) => commandOf(registry, wait)).map((alike) => {
      const command = commandOf(registry, alike[0]);
      const known = progress.find(({ topic }) => topic === command);
      return {
        command,
        waiting: sumOf(alike),
        waitingSince: timeOf(Math.min(...alike.map(({ waitingSince }) => waitingSince))),
        silent: alike.reduce((sum, { silent }) => sum + silent, 0),
        silentSince: earliest(alike.flatMap(({ silentSince }) => silentSince ?? [])),
        answeredUpTo: known && known.answeredUpTo > 0 ? timeOf(known.answeredUpTo) : null,
        probes: known?.probes ?? 0,
      };
    }),
  };
}

export type SagaStats = ReturnType<typeof sagaStats>;

function commandOf(registry: Registry, { definition, step, operation }: WaitCount): string {
  const known = registry.find(definition.name, definition.version);
  return known ? topicOf(known, { step, operation }) : NOT_REGISTERED;
}

/** What has the same key, in the order of the first of each. */
function grouped<Item>(items: readonly Item[], keyOf: (item: Item) => string): [Item, ...Item[]][] {
  const groups = new Map<string, [Item, ...Item[]]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return [...groups.values()];
}

const sumOf = (counts: readonly { sagas: number }[]): number => counts.reduce((sum, { sagas }) => sum + sagas, 0);
const oldestOf = (counts: readonly SagaCount[]): string => timeOf(Math.min(...counts.map(({ oldest }) => +oldest)));
const earliest = (times: readonly Instant[]): string | null => (times.length === 0 ? null : timeOf(Math.min(...times)));
const timeOf = (at: Instant): string => new Date(at).toISOString();
