import { describe, expect, test } from 'vitest';
import { definitionFor } from './rebuild.ts';
import { createRegistry } from './registry.ts';
import { sagaOf, step } from './testing/definitions.ts';
import { anOrder, NINE_O_CLOCK, orderCreated, PARTITION } from './testing/messages.ts';
import { begun, cancelled, given } from './testing/scenario.ts';

const steps = { complete: step('complete-order-command', { pivot: true }) };
const [first, second, third] = [1, 2, 3].map((version) => sagaOf(steps, { version }));
if (!first || !second || !third) throw new Error('three versions');
const registry = createRegistry([second, third, first]);

const created = (saga: string) =>
  ({ type: 'order-created', partition: PARTITION, message: orderCreated(anOrder(saga), NINE_O_CLOCK) }) as const;

describe('the registry', () => {
  test('gives a new saga the latest version, in whatever order the versions stand', () => {
    expect(registry.latest('test-order')).toBe(third);
    expect(registry.latest('unknown')).toBe(undefined);
    expect(definitionFor(registry, undefined, created('test-order'))).toBe(third);
  });

  test('finds each version by its number, and nothing where there is none', () => {
    expect(registry.find('test-order', 1)).toBe(first);
    expect(registry.find('test-order', 4)).toBe(undefined);
    expect(registry.find('other', 1)).toBe(undefined);
    expect(registry.definitions).toEqual([second, third, first]);
  });

  test('refuses the same version twice', () => {
    expect(() => createRegistry([first, second, first])).toThrow('saga test-order v1 is registered twice');
  });
});

describe('a running saga', () => {
  test('keeps the version that it started with (trap 18)', () => {
    const { saga } = begun(first);
    expect(saga.definition).toEqual({ name: 'test-order', version: 1 });
    expect(definitionFor(registry, saga, created('test-order'))).toBe(first);
  });

  test('of a version that is not known here is left for a replica that knows it', () => {
    expect(definitionFor(createRegistry([third]), begun(first).saga, created('test-order'))).toBe(undefined);
    expect(definitionFor(registry, undefined, created('tomorrows-order'))).toBe(undefined);
  });

  test('that waits for its order takes the latest of what the order asks for', () => {
    const awaited = given(first).when(cancelled()).state;
    expect(definitionFor(registry, awaited, created('test-order'))).toBe(third);
  });
});
