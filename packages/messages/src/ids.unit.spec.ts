import fc from 'fast-check';
import { v5 } from 'uuid';
import { describe, expect, it } from 'vitest';
import {
  commandId,
  deadLetterId,
  failedFactId,
  finalFactId,
  newOrderId,
  newRequestId,
  orderActionId,
  processedId,
  stateChangeId,
} from './ids.ts';

const ORDER = '01980000-0000-7000-8000-000000000001';
const AT = { topic: 't', partition: 1, offset: '5' };

/** Written down: another version of the software that derived other ids would take every resend for a new message. */
describe('a derived id is the same for ever', () => {
  it.each([
    ['of a command', commandId(ORDER, 'balance', 'action', 0), 'cdd945b8-5925-5d11-b3da-9af3f63bc072'],
    [
      'of what undoes a later generation',
      commandId(ORDER, 'balance', 'compensation', 1),
      '718ee828-e130-5ab0-9b11-748587d876d2',
    ],
    ['of the creation of an order', orderActionId(ORDER), '93674759-a79e-55ec-badc-39d3842d29f4'],
    ['of the answer that settles a command', finalFactId(ORDER), '7d5224c8-135f-58a5-bf94-496dfb0acd87'],
    ['of a failure', failedFactId(ORDER, 2), '8f19feb4-dbe0-56f6-82a8-d93fcfb6f8b6'],
    ['of a processed order', processedId(ORDER), 'c0c069c9-ef1c-5c69-8a47-df6b9b5808c1'],
    ['of a change of state', stateChangeId('product-changed', '7', 3), '777c83c3-2e4f-527d-8b29-4647a8267e22'],
    [
      'of a dead letter without a value',
      deadLetterId('product', { ...AT, value: null }),
      '39a09872-dc87-510a-a61e-a6c7755af83b',
    ],
    [
      'of a dead letter',
      deadLetterId('product', { ...AT, value: Buffer.from('x') }),
      'b1e517fe-b35d-5c76-82e5-ba4836e62854',
    ],
  ])('%s', (_what, derived, written) => {
    expect(derived).toBe(written);
  });
});

describe('a drawn id', () => {
  it.each([newOrderId, newRequestId])(
    'is a UUIDv7, another each time, later ones sorting after earlier ones',
    (draw) => {
      const drawn = Array.from({ length: 100 }, draw);
      expect(new Set(drawn).size).toBe(100);
      expect(drawn.toSorted()).toEqual(drawn);
      expect(drawn[0]?.[14]).toBe('7');
    },
  );
});

it('is what the package uuid derives, whatever the names', () => {
  fc.assert(
    fc.property(fc.uuid(), fc.string({ unit: 'grapheme' }), (saga, step) => {
      expect(commandId(saga, step, 'action', 0)).toBe(v5(`${step}:action:0`, saga));
    }),
  );
});

it('is derived from ids only', () => {
  expect(() => finalFactId('no id')).toThrow('no id is no UUID');
});
