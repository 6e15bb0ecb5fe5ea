-- Which transaction wrote a row: `/events` tells rows in this order, and only up to the oldest transaction still open, so
-- that none is skipped though transactions commit out of order. Rows of one transaction share one index entry.
ALTER TABLE "journal" ADD COLUMN "txid" xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX "journal_txid_idx" ON "journal" ("txid");
