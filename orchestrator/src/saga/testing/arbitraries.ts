import fc from 'fast-check';
import type { Definition, Order, Step } from '../definition.ts';
import { sagaOf, step, type TestAction } from './definitions.ts';
import { anOrder } from './messages.ts';
import type { Nature, Natures } from './participants.ts';
import { DAY_MS, HOUR_MS, SECOND_MS } from './scenario.ts';
import type { Move } from './world.ts';

const undoable: TestAction[] = [
  'decrease-product-command',
  'use-coupon-command',
  'deduct-balance-command',
  'create-delivery-command',
];
const WITHOUT_UNDO: TestAction = 'complete-order-command';

/**
 * Any sound definition over the commands that there are: some steps before the pivot, each after some earlier ones;
 * the pivot after all of them; some steps after it; any step may be skipped; the pivot may have no compensation.
 */
export const soundDefinition: fc.Arbitrary<Definition> = fc
  .record({
    topics: fc.shuffledSubarray(undoable),
    before: fc.nat(4),
    finalPivot: fc.boolean(),
    edges: fc.array(fc.boolean(), { minLength: 25, maxLength: 25 }),
    skipped: fc.array(fc.nat(3), { minLength: 5, maxLength: 5 }),
    attempts: fc.integer({ min: 1, max: 3 }),
    reversed: fc.boolean(),
  })
  .map(({ topics, before, finalPivot, edges, skipped, attempts, reversed }) => {
    const pivotAt = Math.min(before, topics.length);
    const all = [...topics.slice(0, pivotAt), ...(finalPivot ? [WITHOUT_UNDO] : []), ...topics.slice(pivotAt)];
    const commands = finalPivot ? all : [...all, WITHOUT_UNDO];
    const nameOf = (index: number) => `step-${index}`;
    const steps = commands.map((command, index): [string, Step] => {
      const after = commands.flatMap((_, other) => {
        if (other >= index) return [];
        const crossesPivot = index === pivotAt || other === pivotAt;
        return crossesPivot || edges[index * 5 + other] ? [nameOf(other)] : [];
      });
      const pivot = index === pivotAt ? ({ pivot: true } as const) : {};
      return [nameOf(index), step(command, { after, ...pivot, when: () => skipped[index] !== 0, retry: { attempts } })];
    });
    return sagaOf(Object.fromEntries(reversed ? steps.reverse() : steps));
  });

/** Any order: with a coupon or without, with something to pay or not. */
export const orderOf = (saga: string): fc.Arbitrary<Order> =>
  fc
    .record({ couponId: fc.constantFrom(100, null), finalAmount: fc.constantFrom(19_000, 0) })
    .map((changes) => anOrder(saga, changes));

/** Mostly everyone does what is asked. */
const naturesOf = (definition: Definition, others: readonly Nature[]): fc.Arbitrary<Natures> => {
  const nature = <N extends Nature>(...ones: N[]) =>
    fc.oneof({ weight: 2 * others.length, arbitrary: fc.constant('does it' as const) }, fc.constantFrom(...ones));
  const undo = nature(...others.filter((other) => other !== 'refuses'), 'does it');
  const step = fc.record({ action: nature(...others), compensation: undo });
  return fc.record(Object.fromEntries([...definition.steps.keys()].map((name) => [name, step])));
};

/** Everyone does what is asked; somebody before or at the pivot may refuse it. */
export const healthy = (definition: Definition): fc.Arbitrary<Natures> =>
  naturesOf(definition, ['refuses']).map((natures) =>
    Object.fromEntries(
      Object.entries(natures).map(([name, nature]) => [
        name,
        comesAfterPivot(definition, name) ? { ...nature, action: 'does it' } : nature,
      ]),
    ),
  );

/** Some participants fail or say nothing for good, and some refuse where nobody may. */
export const ailing = (definition: Definition): fc.Arbitrary<Natures> =>
  naturesOf(definition, ['refuses', 'fails', 'says nothing']);

const comesAfterPivot = ({ steps, pivot }: Definition, name: string): boolean =>
  steps.get(pivot)?.dependents.includes(name) ?? false;

const which = fc.nat(7);
const probing = fc.boolean();
const LONGER_THAN_REMEMBERED_MS = 31 * DAY_MS;

/** @param forgetting so much time may pass that the inboxes forget. */
export function moves({ forgetting }: { forgetting: boolean }): fc.Arbitrary<Move[]> {
  const ms = fc.constantFrom(SECOND_MS, 11 * SECOND_MS, 61 * SECOND_MS, 2 * HOUR_MS);
  const longMs = forgetting ? fc.oneof({ weight: 9, arbitrary: ms }, fc.constant(LONGER_THAN_REMEMBERED_MS)) : ms;
  const weighted: [number, fc.Arbitrary<Move>][] = [
    [12, fc.record({ move: fc.constant('deliver'), which })],
    [3, fc.record({ move: fc.constantFrom('lose', 'double', 'stumble', 'crash'), which })],
    [2, fc.record({ move: fc.constant('redeliver'), which: fc.nat(30) })],
    [2, fc.record({ move: fc.constant('time passes'), ms: longMs, probing })],
    [3, fc.record({ move: fc.constant('the next is due'), probing })],
    [2, fc.record({ move: fc.constant('others are answered'), which })],
    [1, fc.record({ move: fc.constant('cancel'), request: fc.nat(1) })],
    [1, fc.record({ move: fc.constant('announce'), attempt: fc.integer({ min: 1, max: 3 }) })],
    [1, fc.constant({ move: 'stray fact' })],
    [2, fc.record({ move: fc.constant('operate'), which, stale: fc.nat(9).map((one) => one === 0) })],
  ];
  return fc.array(fc.oneof(...weighted.map(([weight, arbitrary]) => ({ weight, arbitrary }))), {
    maxLength: 60,
    size: 'max',
  });
}
