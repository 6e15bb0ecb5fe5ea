import { BY_INDEX } from '@saga/service-kit/database';
import { MAINTENANCE_DATABASE, withConnection, withDatabase } from '@saga/tools/database-connection';
import { migrate } from '@saga/tools/migrate';
import { restrictDatabase } from '@saga/tools/prepare-database';
import { serviceNames } from '@saga/tools/service-name';
import { SHOP } from '../orders.ts';

export type TemporaryDatabase = { url: string; name: string; drop(): Promise<void> };

const SESSION_OPTIONS = BY_INDEX.map((setting) => `-c ${setting}`).join(' ');

/** The address for connections whose statements are planned as ours are, for whoever has no transactions of ours. */
export function plannedByIndex(url: string): string {
  const address = new URL(url);
  address.searchParams.set('options', SESSION_OPTIONS);
  return address.href;
}

/** An empty database. */
export async function emptyDatabase(serverUrl: string, name: string): Promise<TemporaryDatabase> {
  await maintain(serverUrl, `CREATE DATABASE ${name}`);
  return temporary(serverUrl, name);
}

/** As quickly as files are copied; nobody may be connected to the other one. */
export async function copyDatabase(serverUrl: string, name: string, copied: string): Promise<TemporaryDatabase> {
  await maintain(serverUrl, `CREATE DATABASE ${name} TEMPLATE ${copied} STRATEGY file_copy`);
  const database = temporary(serverUrl, name);
  await withConnection(database.url, (admin) => restrictDatabase(admin, serviceNames));
  return database;
}

/** A database of ours with products, accounts and coupons. The read models are filled, so that nothing is announced. */
export async function makeShop(serverUrl: string, name: string): Promise<TemporaryDatabase> {
  const shop = temporary(serverUrl, name);
  await migrate({ databaseUrl: shop.url });
  await withConnection(shop.url, async (admin) => {
    await admin.query(FILL_SHOP);
    await admin.query(`VACUUM (ANALYZE) ${FILLED_TABLES.join(', ')}`);
  });
  return shop;
}

const { products, users, coupons, price, discount, stock, balance } = SHOP;
/** As `userOf` does. */
const COUPON_USER = `1 + (n - 1) * 104729 % ${users}`;

/** What autovacuum has looked at in a new shop: not what is still empty. */
const FILLED_TABLES = [
  'product.products',
  'balance.accounts',
  'coupon.coupons',
  '"order".products',
  '"order".accounts',
  '"order".coupons',
];

const FILL_SHOP = `
  INSERT INTO product.products (product_id, name, price, available, added)
    SELECT n, 'Product ' || n, ${price}, ${stock}, ${stock} FROM generate_series(1, ${products}) AS n;
  INSERT INTO "order".products (product_id, price, version)
    SELECT n, ${price}, 1 FROM generate_series(1, ${products}) AS n;
  INSERT INTO balance.accounts (user_id, public_id, balance, added)
    SELECT n, 'user-' || n, ${balance}, ${balance} FROM generate_series(1, ${users}) AS n;
  INSERT INTO "order".accounts (user_id, public_id, version)
    SELECT n, 'user-' || n, 1 FROM generate_series(1, ${users}) AS n;
  INSERT INTO coupon.coupons (coupon_id, user_id, discount_amount)
    SELECT n, ${COUPON_USER}, ${discount} FROM generate_series(1::bigint, ${coupons}) AS n;
  INSERT INTO "order".coupons (coupon_id, user_id, discount_amount, version)
    SELECT n, ${COUPON_USER}, ${discount}, 1 FROM generate_series(1::bigint, ${coupons}) AS n;`;

const temporary = (serverUrl: string, name: string): TemporaryDatabase => ({
  url: withDatabase(serverUrl, name),
  name,
  drop: () => maintain(serverUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
});

const maintain = (serverUrl: string, statement: string): Promise<void> =>
  withConnection(withDatabase(serverUrl, MAINTENANCE_DATABASE), async (client) => {
    await client.query(statement);
  });
