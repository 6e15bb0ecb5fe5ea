import pg from 'pg';

/** As the load generator sends it. */
export type Order = {
  id: string;
  userId: number;
  productId: number;
  quantity: number;
  couponId: number;
  amount: number;
};

export type Outcome = 'COMPLETED' | 'CANCELLED';

/** Sizes of the shop, as the load generator has them. */
export type ShopSize = { products: number; users: number; coupons: number; stock: number; balance: number };

const POOL_SIZE = 20;

export const shopPool = (url: string): pg.Pool => new pg.Pool({ connectionString: url, max: POOL_SIZE });

export async function createShop(pool: pg.Pool, { products, users, coupons, stock, balance }: ShopSize): Promise<void> {
  await pool.query(`
    CREATE TABLE orders (
      id text PRIMARY KEY, status text NOT NULL, created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      ended_at timestamptz, reason text);
    CREATE TABLE product (id bigint PRIMARY KEY, stock bigint NOT NULL CHECK (stock >= 0));
    CREATE TABLE coupon (id bigint PRIMARY KEY, used_by text);
    CREATE TABLE account (user_id bigint PRIMARY KEY, balance bigint NOT NULL CHECK (balance >= 0));
    CREATE TABLE delivery (order_id text PRIMARY KEY, address text);
    CREATE TABLE effect (order_id text, step text, PRIMARY KEY (order_id, step));
    INSERT INTO product SELECT n, ${stock} FROM generate_series(1, ${products}) AS n;
    INSERT INTO account SELECT n, ${balance} FROM generate_series(1, ${users}) AS n;
    INSERT INTO coupon SELECT n FROM generate_series(1, ${coupons}) AS n;`);
  await pool.query('VACUUM (ANALYZE)');
}

/** The step's own row: where it stands already, the rest of the statement finds nothing to do. */
const once = (step: string) =>
  `WITH effect AS (INSERT INTO effect VALUES ($1, '${step}') ON CONFLICT DO NOTHING RETURNING 1)`;

const CREATE_ORDER = `INSERT INTO orders (id, status) VALUES ($1, 'PENDING') ON CONFLICT DO NOTHING`;
const DECREASE_PRODUCT = `${once('product')}
  UPDATE product SET stock = stock - $3 WHERE id = $2 AND stock >= $3 AND EXISTS (SELECT FROM effect)`;
const USE_COUPON = `${once('coupon')}
  UPDATE coupon SET used_by = $1 WHERE id = $2 AND used_by IS NULL AND EXISTS (SELECT FROM effect)`;
const DEDUCT_BALANCE = `${once('balance')}
  UPDATE account SET balance = balance - $3 WHERE user_id = $2 AND balance >= $3 AND EXISTS (SELECT FROM effect)`;
const CREATE_DELIVERY = `${once('delivery')} INSERT INTO delivery SELECT $1, 'an address' FROM effect`;
const COMPLETE_ORDER = `
  UPDATE orders SET status = 'COMPLETED', ended_at = clock_timestamp() WHERE id = $1 AND status = 'PENDING'`;
const RESTORE_PRODUCT = `${once('product undone')}
  UPDATE product SET stock = stock + $3 WHERE id = $2 AND EXISTS (SELECT FROM effect)`;
const RESTORE_COUPON = `${once('coupon undone')}
  UPDATE coupon SET used_by = NULL WHERE id = $2 AND used_by = $1 AND EXISTS (SELECT FROM effect)`;
const CANCEL_ORDER = `
  UPDATE orders SET status = 'CANCELLED', ended_at = clock_timestamp(), reason = 'INSUFFICIENT_BALANCE'
  WHERE id = $1 AND status = 'PENDING'`;

/** The same steps for every peer: each is one idempotent statement with its own commit, prepared once per connection. */
export function shopSteps(pool: pg.Pool) {
  /** Whether it changed something. */
  const step =
    (name: string, text: string, values: (order: Order) => unknown[]) =>
    async (order: Order): Promise<boolean> => {
      const { rowCount } = await pool.query({ name, text, values: values(order) });
      return rowCount === 1;
    };
  return {
    createOrder: step('create-order', CREATE_ORDER, ({ id }) => [id]),
    decreaseProduct: step('decrease-product', DECREASE_PRODUCT, (it) => [it.id, it.productId, it.quantity]),
    useCoupon: step('use-coupon', USE_COUPON, ({ id, couponId }) => [id, couponId]),
    deductBalance: step('deduct-balance', DEDUCT_BALANCE, ({ id, userId, amount }) => [id, userId, amount]),
    createDelivery: step('create-delivery', CREATE_DELIVERY, ({ id }) => [id]),
    completeOrder: step('complete-order', COMPLETE_ORDER, ({ id }) => [id]),
    restoreProduct: step('restore-product', RESTORE_PRODUCT, (it) => [it.id, it.productId, it.quantity]),
    restoreCoupon: step('restore-coupon', RESTORE_COUPON, ({ id, couponId }) => [id, couponId]),
    cancelOrder: step('cancel-order', CANCEL_ORDER, ({ id }) => [id]),
  };
}

export type ShopSteps = ReturnType<typeof shopSteps>;
