import { describe, expect, test } from 'vitest';
import { defineSaga, type SagaSource, type Step, stepOf } from './definition.ts';
import { chain, step } from './testing/definitions.ts';
import { anOrder } from './testing/messages.ts';

const product = step('decrease-product-command');
const pivot = step('complete-order-command', { after: ['product'], pivot: true });

const define = (steps: Record<string, Step>, rest: Partial<SagaSource> = {}) =>
  defineSaga({ name: 'test-order', version: 3, steps, ...rest });

/** The faults of a definition, as the one error names them. */
function faultsOf(steps: Record<string, Step>, rest: Partial<SagaSource> = {}): string[] {
  try {
    define(steps, rest);
    return [];
  } catch (error) {
    const { message } = error as Error;
    expect(message).toMatch(/^saga test-order v3 is not sound: /);
    return message.slice('saga test-order v3 is not sound: '.length).split('; ');
  }
}

describe('a definition is refused', () => {
  test('for an unknown dependency', () => {
    expect(faultsOf({ product: step('decrease-product-command', { after: ['stock'] }), pivot })).toEqual([
      'product comes after stock, which does not exist',
    ]);
  });

  test('for a dependency that only looks like a step', () => {
    expect(faultsOf({ product: step('decrease-product-command', { after: ['constructor'] }), pivot })).toEqual([
      'product comes after constructor, which does not exist',
    ]);
  });

  test('for steps that depend on themselves, at any distance', () => {
    const steps = {
      product: step('decrease-product-command', { after: ['coupon'] }),
      coupon: step('use-coupon-command', { after: ['balance'] }),
      balance: step('deduct-balance-command', { after: ['product'] }),
      complete: step('complete-order-command', { after: ['product'], pivot: true }),
    };
    expect(faultsOf(steps)).toEqual([
      'product depends on itself',
      'coupon depends on itself',
      'balance depends on itself',
    ]);
  });

  test('for no pivot', () => {
    expect(faultsOf({ product })).toEqual(['no step is the pivot']);
  });

  test('for more than one pivot', () => {
    expect(faultsOf({ product: { ...product, pivot: true }, pivot })).toEqual([
      'only one step can be the pivot, not product and pivot',
    ]);
  });

  test('for a step that neither precedes nor follows the pivot', () => {
    expect(faultsOf({ product, pivot, coupon: step('use-coupon-command', { after: ['product'] }) })).toEqual([
      'coupon neither precedes nor follows the pivot pivot',
    ]);
  });

  test('for a step before the pivot without a compensation, however far before', () => {
    const steps = {
      product: step('decrease-product-command', { compensation: undefined }),
      coupon: step('use-coupon-command', { after: ['product'] }),
      pivot: step('complete-order-command', { after: ['coupon'], pivot: true }),
    };
    expect(faultsOf(steps)).toEqual(['product precedes the pivot pivot and has no compensation']);
  });

  test('for two steps on one command topic, or on one compensation topic', () => {
    expect(faultsOf({ product, again: { ...product, compensation: undefined }, pivot })).toContain(
      'product and again share the command topic decrease-product-command',
    );
    const coupon = step('use-coupon-command', { compensation: 'restore-product-command' });
    expect(faultsOf({ product, coupon, pivot: { ...pivot, after: ['product', 'coupon'] } })).toEqual([
      'product and coupon share the command topic restore-product-command',
    ]);
  });

  test('for a compensation that is step zero’s', () => {
    const complete = step('complete-order-command', { pivot: true, compensation: 'cancel-order-command' });
    expect(faultsOf({ complete })).toEqual(['order and complete share the command topic cancel-order-command']);
  });

  test('for a command or a compensation without its schema', () => {
    const gift = { ...product, command: 'wrap-gift-command', compensation: 'unwrap-gift-command' } as unknown as Step;
    expect(faultsOf({ gift, pivot: { ...pivot, after: ['gift'] } })).toEqual([
      'gift: there is no schema for wrap-gift-command',
      'gift: there is no schema for unwrap-gift-command',
    ]);
  });

  test('for a step called as step zero is', () => {
    expect(faultsOf({ order: product, pivot: { ...pivot, after: ['order'] } })).toEqual([
      'order is step zero and cannot be declared',
    ]);
  });

  test('for a timeout, a number of attempts, a backoff or a deadline that is not above 0', () => {
    const hasty = step('decrease-product-command', {
      retry: { timeoutMs: 0, attempts: -1 },
      compensationRetry: { backoff: { initialMs: 0, factor: Number.NaN, maxMs: 1 } },
    });
    expect(faultsOf({ product: hasty, pivot }, { deadlineMs: 0 })).toEqual([
      'deadlineMs is not above 0',
      'product.retry: timeoutMs is not above 0',
      'product.retry: attempts is not above 0',
      'product.compensationRetry: initialMs is not above 0',
      'product.compensationRetry: factor is not above 0',
    ]);
  });

  test('with all faults in one error', () => {
    const steps = {
      order: step('use-coupon-command', { after: ['nothing'] }),
      product: step('decrease-product-command', { compensation: undefined }),
      again: step('decrease-product-command', { compensation: undefined, after: ['product'], pivot: true }),
      loop: step('deduct-balance-command', { after: ['loop'] }),
    };
    expect(faultsOf(steps)).toEqual([
      'order is step zero and cannot be declared',
      'product and again share the command topic decrease-product-command',
      'order comes after nothing, which does not exist',
      'loop depends on itself',
      'order neither precedes nor follows the pivot again',
      'product precedes the pivot again and has no compensation',
      'loop neither precedes nor follows the pivot again',
    ]);
  });
});

describe('a sound definition', () => {
  test('may have a pivot, and steps after it, without a compensation', () => {
    const after = step('deduct-balance-command', { after: ['pivot'], compensation: undefined });
    expect(faultsOf({ product, pivot, after })).toEqual([]);
  });

  test('has the defaults: 10 s, 8 attempts, 1 s doubled up to 60 s, for action and compensation; an hour to the pivot', () => {
    const policy = { timeoutMs: 10_000, attempts: 8, backoff: { initialMs: 1_000, factor: 2, maxMs: 60_000 } };
    const definition = define({ product, pivot });
    expect(stepOf(definition, 'product')).toMatchObject({ retry: policy, compensationRetry: policy });
    expect(stepOf(definition, 'order')).toMatchObject({ retry: policy, compensationRetry: policy });
    expect(definition.deadlineMs).toBe(60 * 60 * 1_000);
  });

  test('takes what it says of action and compensation each instead of the default', () => {
    const patient = step('decrease-product-command', { retry: { attempts: 3 }, compensationRetry: { timeoutMs: 5 } });
    const { retry, compensationRetry } = stepOf(define({ product: patient, pivot }), 'product');
    expect(retry).toMatchObject({ attempts: 3, timeoutMs: 10_000 });
    expect(compensationRetry).toMatchObject({ attempts: 8, timeoutMs: 5 });
    expect(define({ product, pivot }, { deadlineMs: 7 }).deadlineMs).toBe(7);
  });

  test('knows its name, its version, its pivot, and what each step is made of', () => {
    const definition = define({ product, pivot });
    expect(definition).toMatchObject({ name: 'test-order', version: 3, pivot: 'pivot' });
    expect(stepOf(definition, 'product')).toMatchObject({
      name: 'product',
      command: 'decrease-product-command',
      compensation: 'restore-product-command',
    });
    expect(stepOf(definition, 'product').when(anOrder('test-order'))).toBe(true);
    expect(() => stepOf(definition, 'coupon')).toThrow('test-order v3 has no step coupon');
  });

  test('has the order as step zero: everything depends on it, and cancelling it is its compensation', () => {
    const definition = chain();
    expect([...definition.steps.keys()]).toEqual(['order', 'product', 'balance', 'delivery', 'complete']);
    expect(stepOf(definition, 'order')).toMatchObject({
      command: undefined,
      compensation: 'cancel-order-command',
      after: [],
      dependents: ['product', 'balance', 'delivery', 'complete'],
    });
    expect(stepOf(definition, 'product').after).toEqual(['order']);
    expect(stepOf(definition, 'balance').after).toEqual(['order', 'product']);
  });

  test('knows what comes after a step, at any distance', () => {
    expect(stepOf(chain(), 'product').dependents).toEqual(['balance', 'delivery', 'complete']);
    expect(stepOf(chain(), 'delivery').dependents).toEqual(['complete']);
  });
});
