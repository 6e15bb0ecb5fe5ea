import type { Message } from '@saga/messages/message';
import type { OrderItem } from '@saga/messages/values';
import { type Changes, type Decision, type Rows, rejected } from '@saga/service-kit/participant';

/** What of a product its stock is made of: available + reserved + sold is all that was ever put in. */
export type Product = {
  productId: number;
  price: number;
  available: number;
  reserved: number;
  sold: number;
};

/** What one decrease set aside. It can be undone until the order has been processed. */
export type Reservation = {
  /** The command id of the decrease. */
  actionId: string;
  orderId: string;
  items: readonly OrderItem[];
  status: 'RESERVED' | 'SETTLED' | 'RELEASED';
};

export type Stock = { products: Product; reservations: Reservation };

/** Sets all items aside or none. */
export function decrease(
  stock: Rows<Stock>,
  { envelope, body }: Message<'decrease-product-command'>,
): Decision<Stock, 'decrease-product-command'> {
  const products = new Map<number, Product>();
  for (const { productId, quantity, unitPrice } of body.items) {
    const product = products.get(productId) ?? stock.products.get(productId);
    if (!product) return rejected('PRODUCT_UNKNOWN', `there is no product ${productId}`);
    if (product.price !== unitPrice)
      return rejected('PRICE_CHANGED', `product ${productId} now costs ${product.price}, not ${unitPrice}`);
    if (product.available < quantity)
      return rejected('OUT_OF_STOCK', `product ${productId}: ${quantity} wanted, ${product.available} available`);
    products.set(productId, {
      ...product,
      available: product.available - quantity,
      reserved: product.reserved + quantity,
    });
  }
  const reservation: Reservation = {
    actionId: envelope.id,
    orderId: body.orderId,
    items: body.items,
    status: 'RESERVED',
  };
  return {
    outcome: 'success',
    reply: { reservationId: reservation.actionId },
    changes: { products: [...products.values()], reservations: [reservation] },
  };
}

/** Puts back what the decrease set aside. */
export function restore(
  stock: Rows<Stock>,
  { envelope }: Message<'restore-product-command'>,
): Changes<Stock> | 'nothing' {
  const reservation = stock.reservations.get(envelope.actionId ?? '');
  if (reservation?.status !== 'RESERVED') return 'nothing';
  return {
    products: move(stock, reservation, (product, quantity) => ({
      ...product,
      available: product.available + quantity,
      reserved: product.reserved - quantity,
    })),
    reservations: [{ ...reservation, status: 'RELEASED' }],
  };
}

/** The order is final: what was set aside for it is sold. */
export function settle(stock: Rows<Stock>, { body }: Message<'order-processed'>): Changes<Stock> {
  const reservation = stock.reservations
    .values()
    .find((each) => each.orderId === body.orderId && each.status === 'RESERVED');
  if (!reservation) return {};
  return {
    products: move(stock, reservation, (product, quantity) => ({
      ...product,
      reserved: product.reserved - quantity,
      sold: product.sold + quantity,
    })),
    reservations: [{ ...reservation, status: 'SETTLED' }],
  };
}

function move(
  stock: Rows<Stock>,
  reservation: Reservation,
  change: (product: Product, quantity: number) => Product,
): Product[] {
  const products = new Map<number, Product>();
  for (const { productId, quantity } of reservation.items) {
    const product = products.get(productId) ?? stock.products.get(productId);
    if (!product) throw new Error(`product ${productId} of reservation ${reservation.actionId} was not loaded`);
    products.set(productId, change(product, quantity));
  }
  return [...products.values()];
}
