import type { Transaction } from '@saga/service-kit/database';

/** What a person did to what, and why. */
export type AuditEntry = {
  actor: string;
  /** The verb of the API: `retry`, `skip`, `redrive`, … */
  action: string;
  target: AuditTarget;
  reason: string;
  /** What else is worth knowing of this action, as JSON. */
  detail: Readonly<Record<string, unknown>>;
};

export type AuditTarget = { kind: 'saga' | 'dead-letter'; id: string };

/** An entry as it was kept; `at` is the database's clock. */
export type AuditRow = AuditEntry & { id: number; at: Date };

/** Belongs into the transaction of what it tells of: one is never there without the other. */
export type AppendAudit = (sql: Transaction, entries: readonly AuditEntry[]) => void;

export type AuditFilter = { target?: string; actor?: string; action?: string };

export interface AuditQueries {
  /** At most `limit`, newest first, older than the entry `before`. */
  page(filter: AuditFilter, before: number | undefined, limit: number): Promise<AuditRow[]>;
}
