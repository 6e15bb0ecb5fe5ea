-- What operators look for is rare and asked for newest first. Entries are made when a saga gets stuck or turns back: an
-- order that completes writes none, and its progress stays heap-only.
DROP INDEX "saga_stuck_idx";
CREATE INDEX "saga_stuck_idx" ON "saga" ("id") WHERE (stuck_since IS NOT NULL);
CREATE INDEX "saga_failed_idx" ON "saga" ("id", "failure_code") WHERE (failure_code IS NOT NULL);
