import type { Message } from '@saga/messages/message';
import type { Sql } from '@saga/service-kit/database';
import { drawId } from '@saga/service-kit/draw-id';
import type { Outbox } from '@saga/service-kit/outbox';
import { conflict } from '@saga/service-kit/problem';
import { stateChange } from '@saga/service-kit/state-change';
import type { AccountView } from './account-view.ts';

export type NewAccount = { userId?: number | undefined; publicId?: string | undefined; balance: number };

/** An account and how often it has been changed. */
type OpenedAccount = AccountView & { version: number };

/**
 * Without an id, the next of the sequence that nobody has chosen; without a public id, one made of the id; nothing
 * where either is taken.
 */
const OPEN = `
  WITH RECURSIVE drawn (id) AS (
    SELECT nextval('accounts_user_id_seq') WHERE $1::bigint IS NULL
    UNION ALL
    SELECT nextval('accounts_user_id_seq') FROM drawn
    WHERE EXISTS (
      SELECT FROM accounts WHERE user_id = drawn.id OR ($2::text IS NULL AND public_id = 'user-' || drawn.id)))
  INSERT INTO accounts (user_id, public_id, balance, added)
  SELECT id, coalesce($2, 'user-' || id), $3, $3
  FROM (SELECT coalesce($1, (SELECT max(id) FROM drawn)) AS id) AS chosen
  ON CONFLICT DO NOTHING
  RETURNING user_id AS "userId", public_id AS "publicId", balance, version`;

const FIND_TAKEN = `
  SELECT user_id AS "userId" FROM accounts
  WHERE user_id = $1 OR public_id = coalesce($2, 'user-' || $1::bigint)`;

/**
 * Opens an account and tells the others.
 *
 * @throws Problem 409 where the user has one, or another user has the public id.
 */
export const openAccount = (outbox: Outbox, account: NewAccount, traceparent: string): Promise<AccountView> =>
  outbox.transaction(async (sql) => {
    const opened = await insert(sql, account);
    return { result: opened, messages: [accountChanged(opened, traceparent)] };
  });

const insert = (sql: Sql, { userId, publicId, balance }: NewAccount): Promise<OpenedAccount> =>
  drawId(async () => {
    const [opened] = await sql.query<OpenedAccount>(OPEN, [userId ?? null, publicId ?? null, balance]);
    if (opened) return opened;
    const taken = await sql.query<{ userId: number }>(FIND_TAKEN, [userId ?? null, publicId ?? null]);
    if (taken.some((account) => account.userId === userId))
      throw conflict('DUPLICATE_ID', `user ${userId} has an account`);
    if (taken.length > 0)
      throw conflict('DUPLICATE_PUBLIC_ID', `another user has the public id ${publicId ?? `user-${userId}`}`);
    return undefined;
  });

const accountChanged = (
  { userId, publicId, version }: OpenedAccount,
  traceparent: string,
): Message<'account-changed'> =>
  stateChange({
    service: 'balance',
    topic: 'account-changed',
    key: String(userId),
    body: { userId, publicId, version },
    traceparent,
  });
