import { describe, expect, test } from 'vitest';
import { begun, failed, rejected, succeeded } from '../saga/testing/scenario.ts';
import { placeOrder } from '../sagas/place-order.ts';
import { sagaView } from './saga-view.ts';

describe('what an operator is shown of a saga', () => {
  test('what it waits for, and why, in a sentence', () => {
    const { saga } = begun(placeOrder).when(failed('product'));
    const [product, coupon] = sagaView(placeOrder, saga).waitingFor;
    expect(product).toMatchObject({ step: 'product', kind: 'action', command: 'decrease-product-command' });
    expect(product?.why).toMatch(/^attempts used up: 1; the last one failed/);
    expect(coupon).toMatchObject({ step: 'coupon', why: 'no answer yet to the last sending' });
  });

  test('a refusal after the pivot: it is stuck, and that is what it waits for', () => {
    const steps = ['product', 'coupon', 'balance', 'delivery'].map((step) => succeeded(step));
    const { saga } = begun(placeOrder).when(...steps, rejected('complete', 'FENCED'));
    const view = sagaView(placeOrder, saga);
    expect(view.stuck).toMatchObject({ step: 'complete', code: 'FENCED' });
    expect(view.waitingFor).toMatchObject([
      { step: 'complete', nextAt: null, why: expect.stringContaining('refused where nobody may refuse') },
    ]);
  });

  test('a saga whose definition is not registered here is shown all the same', () => {
    const { saga } = begun(placeOrder);
    const view = sagaView(undefined, saga);
    expect(view.steps.map(({ name, status }) => [name, status])).toContainEqual(['product', 'SENT']);
    expect(view.steps[0]?.action?.command).toContain('not registered');
  });
});
