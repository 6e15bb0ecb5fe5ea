import { expect, test } from 'vitest';
import { placeOrder } from '../sagas/place-order.ts';
import { definitionView } from './definition-view.ts';

test('a definition shows which steps an order may do without', () => {
  const conditional = definitionView(placeOrder).steps.filter((step) => step.conditional);
  expect(conditional.map(({ name }) => name)).toEqual(['coupon', 'balance']);
});
