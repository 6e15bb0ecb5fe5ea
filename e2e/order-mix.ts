import { expect } from 'vitest';
import type { OrderView, Shop } from './shop.ts';

/** Who orders what in a mix: one product that nearly every order wants, and those who are refused for a reason. */
export type Cast = {
  hot: number;
  other: number;
  scarce: number;
  rich: readonly number[];
  poor: number;
};

const PRICE = 10_000;
const UNSERVED = 'Nowhere';
const LONG_AGO = '2020-01-01T00:00:00Z';
const ASKED_AT_A_TIME = 50;
const shipTo = (address: string) => ({ recipientName: 'A customer', address, phone: '010-0000-0000' });

export async function castOf(shop: Shop): Promise<Cast> {
  await shop.serveNot([UNSERVED]);
  const [hot = 0, other = 0, scarce = 0] = await Promise.all(
    [1_000_000, 1_000_000, 1].map((stock) => shop.product({ stock, price: PRICE })),
  );
  const [poor = 0, ...rich] = await Promise.all([0, 1e12, 1e12, 1e12].map((balance) => shop.user({ balance })));
  return { hot, other, scarce, rich, poor };
}

type Coupon = { discountAmount: number; expiresAt?: string };
type Kind = {
  saga: 'place-order' | 'ship-order' | 'reserve-order';
  coupon?: Coupon;
  /** How it must end: null is COMPLETED, else the code with which it is cancelled. */
  refusal: string | null;
  /** The customer asks for its cancellation at once: it ends either way. */
  isCalledOff?: true;
  body: (cast: Cast) => object;
};

const one = ({ hot }: Cast) => ({ items: [{ productId: hot, quantity: 1 }] });
const two = ({ hot, other }: Cast) => ({ items: [hot, other].map((productId) => ({ productId, quantity: 2 })) });
const sent = (cast: Cast) => ({ ...one(cast), shipTo: shipTo('1, Somewhere') });

/** Of twenty, four are refused (each for another reason), two are called off, and seven have a coupon. */
const KINDS: readonly Kind[] = [
  { saga: 'place-order', refusal: null, body: one, coupon: { discountAmount: 1_000 } },
  { saga: 'ship-order', refusal: null, body: sent },
  { saga: 'reserve-order', refusal: null, body: one },
  { saga: 'place-order', refusal: 'INSUFFICIENT_BALANCE', body: (cast) => ({ ...two(cast), userId: cast.poor }) },
  { saga: 'place-order', refusal: null, body: sent },
  { saga: 'place-order', refusal: null, body: two },
  { saga: 'place-order', refusal: null, isCalledOff: true, body: two, coupon: { discountAmount: 500 } },
  {
    saga: 'place-order',
    refusal: 'OUT_OF_STOCK',
    body: ({ scarce }) => ({ items: [{ productId: scarce, quantity: 2 }] }),
    coupon: { discountAmount: 1_000 },
  },
  { saga: 'reserve-order', refusal: null, body: two, coupon: { discountAmount: 3_000 } },
  { saga: 'place-order', refusal: null, body: one },
  { saga: 'place-order', refusal: null, body: one, coupon: { discountAmount: 5 * PRICE } },
  {
    saga: 'place-order',
    refusal: 'ADDRESS_UNDELIVERABLE',
    body: (cast) => ({ ...two(cast), shipTo: shipTo(`${UNSERVED}, 1`) }),
    coupon: { discountAmount: 700 },
  },
  { saga: 'ship-order', refusal: null, body: one },
  { saga: 'reserve-order', refusal: null, body: one },
  {
    saga: 'place-order',
    refusal: 'COUPON_EXPIRED',
    body: one,
    coupon: { discountAmount: 1_000, expiresAt: LONG_AGO },
  },
  { saga: 'place-order', refusal: null, body: one },
  { saga: 'ship-order', refusal: null, isCalledOff: true, body: sent },
  { saga: 'place-order', refusal: null, body: two, coupon: { discountAmount: 900 } },
  { saga: 'place-order', refusal: null, body: one },
  { saga: 'reserve-order', refusal: null, body: one },
];

export type PlacedOrder = { orderId: string; kind: Kind };

/**
 * Places the mix's n-th order as one order, whatever happens to the services meanwhile, and calls it off if it is one
 * of those.
 */
export async function placeMixed(shop: Shop, cast: Cast, index: number): Promise<PlacedOrder> {
  const kind = KINDS[index % KINDS.length] as Kind;
  const userId = cast.rich[index % cast.rich.length] ?? 0;
  const couponId = kind.coupon && (await shop.coupon({ userId, ...kind.coupon }));
  const orderId = await shop.place({ userId, ...kind.body(cast), saga: kind.saga, ...(couponId && { couponId }) });
  if (kind.isCalledOff) await shop.callOff(orderId);
  return { orderId, kind };
}

/** Places so many of the mix, several at a time; `inTheMiddle` is called when half of them were begun. */
export async function placeMany(
  shop: Shop,
  cast: Cast,
  { orders, atATime, inTheMiddle }: { orders: number; atATime: number; inTheMiddle?: () => void },
): Promise<PlacedOrder[]> {
  const placed: PlacedOrder[] = [];
  let next = 0;
  const place = async (): Promise<void> => {
    while (next < orders) {
      const index = next;
      next += 1;
      if (index === Math.floor(orders / 2)) inTheMiddle?.();
      placed.push(await placeMixed(shop, cast, index));
    }
  };
  await Promise.all(Array.from({ length: atATime }, place));
  return placed;
}

/** Waits until all have ended, each as it must: nothing was cancelled that nobody refused or called off (trap 11). */
export async function expectEnds(shop: Shop, orders: readonly PlacedOrder[]): Promise<void> {
  const wrong: object[] = [];
  for (let first = 0; first < orders.length; first += ASKED_AT_A_TIME)
    await Promise.all(
      orders.slice(first, first + ASKED_AT_A_TIME).map(async ({ orderId, kind }) => {
        const order = await shop.ended(orderId);
        if (!endsAs(kind, order)) wrong.push({ ...order, mustBe: kind.refusal ?? 'COMPLETED' });
      }),
    );
  expect(wrong, 'orders that ended otherwise than they must').toEqual([]);
}

function endsAs({ refusal, isCalledOff }: Kind, { status, cancelReason }: OrderView): boolean {
  if (isCalledOff && cancelReason?.code === 'CANCELLED_BY_CUSTOMER') return true;
  return refusal === null ? status === 'COMPLETED' : cancelReason?.code === refusal;
}
