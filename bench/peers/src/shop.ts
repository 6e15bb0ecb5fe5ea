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
  // Not what is still empty: until autovacuum came by, PostgreSQL would plan for tables without rows.
  await pool.query('VACUUM (ANALYZE) product, account, coupon');
}

/**
 * An update that is made once, and whether it stands: made now or, where the engine asks again, before. Two that ask at the
 * same time meet at the effect's key; one of them fails, and asks again.
 */
const once = (step: string, update: string) => `
  WITH done AS (
    ${update} AND NOT EXISTS (SELECT FROM effect WHERE order_id = $1 AND step = '${step}') RETURNING 1),
  noted AS (INSERT INTO effect SELECT $1, '${step}' FROM done)
  SELECT EXISTS (SELECT FROM done) OR EXISTS (SELECT FROM effect WHERE order_id = $1 AND step = '${step}') AS stands`;

const DECREASE_PRODUCT = once('product', 'UPDATE product SET stock = stock - $3 WHERE id = $2 AND stock >= $3');
const USE_COUPON = once('coupon', 'UPDATE coupon SET used_by = $1 WHERE id = $2 AND used_by IS NULL');
const DEDUCT_BALANCE = once(
  'balance',
  'UPDATE account SET balance = balance - $3 WHERE user_id = $2 AND balance >= $3',
);
const RESTORE_PRODUCT = once('product undone', 'UPDATE product SET stock = stock + $3 WHERE id = $2');
const RESTORE_COUPON = once('coupon undone', 'UPDATE coupon SET used_by = NULL WHERE id = $2 AND used_by = $1');

/** These can be made again as they are. */
const CREATE_ORDER = `INSERT INTO orders (id, status) VALUES ($1, 'PENDING') ON CONFLICT DO NOTHING`;
const CREATE_DELIVERY = `INSERT INTO delivery VALUES ($1, 'an address') ON CONFLICT DO NOTHING`;
const COMPLETE_ORDER = `
  UPDATE orders SET status = 'COMPLETED', ended_at = clock_timestamp() WHERE id = $1 AND status = 'PENDING'`;
const CANCEL_ORDER = `
  UPDATE orders SET status = 'CANCELLED', ended_at = clock_timestamp(), reason = 'INSUFFICIENT_BALANCE'
  WHERE id = $1 AND status = 'PENDING'`;

/** The same steps for every peer: each is one idempotent statement with its own commit, prepared once per connection. */
export function shopSteps(pool: pg.Pool) {
  const step =
    (name: string, text: string, values: (order: Order) => unknown[]) =>
    async (order: Order): Promise<boolean> => {
      const { rows } = await pool.query<{ stands: boolean }>({ name, text, values: values(order) });
      return rows[0]?.stands ?? true;
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
