import { amount, MAX_ITEMS, numericId, quantity, sagaName } from '@saga/messages/values';
import { z } from 'zod';
import type { OrderRequest } from './place-order.ts';

const MAX_NAME = 200;
const MAX_ADDRESS = 500;
const MAX_PHONE = 50;

export const recipientName = z.string().min(1).max(MAX_NAME);
export const address = z.string().min(1).max(MAX_ADDRESS);
export const phone = z.string().min(1).max(MAX_PHONE);

/** Each product once: two lines of one product could each be in stock and not both. */
export const eachProductOnce = (items: readonly { productId: number }[], context: z.RefinementCtx): void => {
  items.forEach(({ productId }, index) => {
    if (items.findIndex((item) => item.productId === productId) === index) return;
    context.addIssue({
      code: 'custom',
      path: [index, 'productId'],
      params: { code: 'DUPLICATE_PRODUCT' },
      message: `product ${productId} is named twice`,
    });
  });
};

export const AT_LEAST_ONE = 'must hold at least 1 item';

const item = z.strictObject({ productId: numericId, quantity, price: amount.optional() });

/** The body of `POST /orders`: several items, or one product named beside the user as in seed 003. */
export const orderBody = z
  .strictObject({
    userId: numericId,
    items: z.array(item).min(1, AT_LEAST_ONE).max(MAX_ITEMS).superRefine(eachProductOnce).optional(),
    productId: numericId.optional(),
    quantity: quantity.optional(),
    price: amount.optional().describe('What the customer was shown, in the minor unit: refused if it is not the price'),
    couponId: numericId.nullish(),
    shipTo: z.strictObject({ recipientName, address, phone }).nullish(),
    saga: sagaName.default('place-order'),
  })
  // Told together with the fields' own faults, so that a caller sees all of them at once.
  .superRefine(oneForm, { when: ({ value }) => typeof value === 'object' && value !== null && !Array.isArray(value) });
export type OrderBody = z.infer<typeof orderBody>;

const singleForm = ['productId', 'quantity', 'price'] as const;

function oneForm(body: object, context: z.RefinementCtx): void {
  const given = (field: string): boolean => Reflect.get(body, field) !== undefined;
  const fault = (field: string, code: string, message: string): void => {
    context.addIssue({ code: 'custom', path: [field], params: { code }, message });
  };
  const single = singleForm.filter(given);
  if (given('items')) for (const field of single) fault(field, 'TWO_FORMS', 'cannot stand beside items');
  else if (single.length === 0) fault('items', 'REQUIRED', 'is required');
  else
    for (const field of ['productId', 'quantity'] as const) if (!given(field)) fault(field, 'REQUIRED', 'is required');
}

/** The same request whichever form it came in: that is what an Idempotency-Key is compared by. */
export function requestOf({
  userId,
  items,
  productId,
  quantity,
  price,
  couponId,
  shipTo,
  saga,
}: OrderBody): OrderRequest {
  const single = productId === undefined || quantity === undefined ? [] : [{ productId, quantity, price }];
  return {
    saga,
    userId,
    items: (items ?? single).map((each) => ({
      productId: each.productId,
      quantity: each.quantity,
      price: each.price ?? null,
    })),
    couponId: couponId ?? null,
    shipTo: shipTo ?? null,
  };
}

/** Where in the body a fault of the request lies. */
export function pointerInto({ items }: OrderBody): (pointer: string) => string {
  if (items) return (pointer) => pointer;
  return (pointer) => (pointer === '/items' ? '/quantity' : pointer.replace(/^\/items\/0/, ''));
}
