export type DemoDataUrls = { product: string; balance: string; coupon: string };

type Creation = { url: string; body: object };

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** What one finds in a new installation: see the README. Amounts in minor units of the currency. */
const demoData = ({ product, balance, coupon }: DemoDataUrls): Creation[] => [
  ...range(1, 10).map((productId) => ({
    url: `${product}/products`,
    body: { productId, name: `Product ${productId}`, price: 10_000, stock: 100 },
  })),
  { url: `${balance}/accounts`, body: { userId: 1, publicId: 'user-1', balance: 1_000_000_000_000 } },
  { url: `${balance}/accounts`, body: { userId: 2, publicId: 'user-2', balance: 0 } },
  ...range(3, 10).map((userId) => ({
    url: `${balance}/accounts`,
    body: { userId, publicId: `user-${userId}`, balance: 1_000_000 },
  })),
  ...range(100, 199).map((couponId) => ({
    url: `${coupon}/coupons`,
    body: { couponId, userId: 1, discountAmount: 1_000 },
  })),
];

const CREATED = 201;
const EXISTS = 409;

/**
 * Creates what is missing of the demo data and resets nothing.
 *
 * @returns how many things were created.
 * @throws with the answer, in one line, where a service refuses.
 */
export async function loadDemoData(urls: DemoDataUrls): Promise<number> {
  const statuses = await Promise.all(demoData(urls).map(create));
  return statuses.filter((status) => status === CREATED).length;
}

async function create({ url, body }: Creation): Promise<number> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = await response.text();
  if (response.status === CREATED || response.status === EXISTS) return response.status;
  throw new Error(`the demo data cannot be loaded: POST ${url} answered ${response.status} ${answer}`);
}
