import type { Sql } from '@saga/service-kit/database';
import type { AppendAudit, AuditQueries, AuditRow, AuditTarget } from '../../app/audit.ts';

const APPEND = `
  INSERT INTO audit (actor, action, target_kind, target_id, reason, detail)
  SELECT actor, action, target ->> 'kind', target ->> 'id', reason, detail
  FROM json_to_recordset($1::json) AS entry (actor text, action text, target json, reason text, detail json)`;

export const appendAudit: AppendAudit = (sql, entries) => {
  if (entries.length > 0) sql.send(APPEND, [JSON.stringify(entries)]);
};

const PAGE = `
  SELECT id, at, actor, action, target_kind AS "targetKind", target_id AS "targetId", reason, detail
  FROM audit
  WHERE ($1::bigint IS NULL OR id < $1)
    AND ($2::text IS NULL OR target_id = $2)
    AND ($3::text IS NULL OR actor = $3)
    AND ($4::text IS NULL OR action = $4)
  ORDER BY id DESC LIMIT $5`;

type Row = Omit<AuditRow, 'target'> & { targetKind: AuditTarget['kind']; targetId: string };

export const postgresAuditQueries = (sql: Sql): AuditQueries => ({
  page: async ({ target, actor, action }, before, limit) => {
    const rows = await sql.query<Row>(PAGE, [...[before, target, actor, action].map((value) => value ?? null), limit]);
    return rows.map(({ targetKind, targetId, ...row }) => ({ ...row, target: { kind: targetKind, id: targetId } }));
  },
});
