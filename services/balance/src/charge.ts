import type { Sql } from '@saga/service-kit/database';
import { notFound, unprocessable } from '@saga/service-kit/problem';
import type { AccountView } from './account-view.ts';

/**
 * Nothing where there is no such account, or where it would hold too much: what was ever put in is what counts, for
 * all of it may be refunded into it again.
 */
const CHARGE = `
  UPDATE accounts SET balance = balance + $2, added = added + $2
  WHERE user_id = $1 AND added <= $3::bigint - $2
  RETURNING user_id AS "userId", public_id AS "publicId", balance`;

const FIND = `SELECT 1 FROM accounts WHERE user_id = $1`;

/**
 * Puts money into an account.
 *
 * @throws Problem 404 where there is none, 422 where it would be more than 2^53−1 in all.
 */
export async function charge(sql: Sql, userId: number, amount: number): Promise<AccountView> {
  const [account] = await sql.query<AccountView>(CHARGE, [userId, amount, Number.MAX_SAFE_INTEGER]);
  if (account) return account;
  const [found] = await sql.query(FIND, [userId]);
  if (!found) throw notFound(`user ${userId} has no account`);
  const message = `would make it more than ${Number.MAX_SAFE_INTEGER} in all`;
  throw unprocessable([{ pointer: '/amount', code: 'TOO_MUCH_MONEY', message }]);
}
