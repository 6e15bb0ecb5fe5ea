-- What stands of an order: for the reconciliation, and to find what is old enough to be forgotten. Order ids grow with
-- time, so that a new entry goes where the last one went.
CREATE INDEX "payments_order_id_idx" ON "payments"("order_id");

-- An account adds up also when its oldest payments are forgotten.
ALTER TABLE "accounts" ADD COLUMN "paid_forgotten" BIGINT NOT NULL DEFAULT 0;
