import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allSagas } from '../sagas/all.ts';
import type { Definition, Order } from './definition.ts';
import { rebuild } from './rebuild.ts';
import { createRegistry } from './registry.ts';
import { stuckOf } from './stuck.ts';
import { ailing, healthy, moves, orderOf, soundDefinition } from './testing/arbitraries.ts';
import type { Natures } from './testing/participants.ts';
import { type Move, World } from './testing/world.ts';

/** How many runs of each property: enough to find a broken rule in seconds; PROPERTY_RUNS for a long night. */
const RUNS = Number(process.env.PROPERTY_RUNS ?? 100);

const definitions: [string, fc.Arbitrary<Definition>][] = [
  ...allSagas.definitions.map((definition): [string, fc.Arbitrary<Definition>] => [
    definition.name,
    fc.constant(definition),
  ]),
  ['any sound definition', soundDefinition],
];

type Story = { definition: Definition; order: Order; natures: Natures; moves: Move[] };

const stories = (
  definition: fc.Arbitrary<Definition>,
  naturesOf: (definition: Definition) => fc.Arbitrary<Natures>,
  movesOf: fc.Arbitrary<Move[]>,
): fc.Arbitrary<Story> =>
  definition.chain((one) =>
    fc.record({ definition: fc.constant(one), order: orderOf(one.name), natures: naturesOf(one), moves: movesOf }),
  );

/** Anything happens for a while; then the network keeps its promises until the saga has ended or is stuck for good. */
function told({ definition, order, natures, moves }: Story): World {
  const world = new World(definition, order, natures);
  for (const move of moves) world.happens(move);
  world.comesToRest();
  return world;
}

/** Nothing half done: every effect stands, or none does; and none ever happened twice. */
function isAllOrNothing({ saga, participants, effectsOfDone }: World): void {
  expect([...participants.effects].sort()).toEqual(saga.status === 'COMPLETED' ? effectsOfDone.sort() : []);
}

function happenedOnce({ participants }: World): void {
  expect([...participants.done.values()].filter((times) => times > 1)).toEqual([]);
}

function isRebuilt({ definition, journal, state }: World): void {
  const registry = createRegistry([definition]);
  expect(rebuild(registry, journal)).toStrictEqual(state);
  expect(rebuild(registry, JSON.parse(JSON.stringify(journal)))).toStrictEqual(JSON.parse(JSON.stringify(state)));
}

describe.each(definitions)('every run of %s', (_name, definition) => {
  test('whose participants are well ends all done or all undone, whatever the network does', () => {
    fc.assert(
      fc.property(stories(definition, healthy, moves({ forgetting: false })), (story) => {
        const world = told(story);
        expect(['COMPLETED', 'COMPENSATED']).toContain(world.saga.status);
        isAllOrNothing(world);
        happenedOnce(world);
        isRebuilt(world);
        const { state } = world;
        world.echoes();
        expect(world.saga.status).toBe(state?.status);
        isAllOrNothing(world);
      }),
      { numRuns: RUNS },
    );
  });

  test('whose participants are not, or that lasts longer than anyone remembers, ends so or is visibly stuck', () => {
    fc.assert(
      fc.property(stories(definition, ailing, moves({ forgetting: true })), (story) => {
        const world = told(story);
        if (world.saga.endedAt === undefined) expect(stuckOf(world.saga)).toBeDefined();
        else isAllOrNothing(world);
        happenedOnce(world);
        isRebuilt(world);
      }),
      { numRuns: RUNS },
    );
  });
});
