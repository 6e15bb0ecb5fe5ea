CREATE TABLE "inbox" (
    "id" UUID NOT NULL,
    "replies" JSON,
    "handled_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "inbox_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "outbox" (
    "id" BIGSERIAL NOT NULL,
    "topic" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "headers" JSON NOT NULL,
    "value" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "outbox_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "idempotency" (
    "scope" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "request_hash" TEXT NOT NULL,
    "response" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "idempotency_pkey" PRIMARY KEY ("scope","key")
);

CREATE TABLE "accounts" (
    "user_id" BIGSERIAL NOT NULL,
    "public_id" TEXT NOT NULL,
    "balance" BIGINT NOT NULL,
    "added" BIGINT NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "accounts_pkey" PRIMARY KEY ("user_id")
);

CREATE TABLE "payments" (
    "action_id" UUID NOT NULL,
    "order_id" UUID NOT NULL,
    "user_id" BIGINT NOT NULL,
    "amount" BIGINT NOT NULL,
    "status" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "payments_pkey" PRIMARY KEY ("action_id")
);

CREATE INDEX "idempotency_created_at_idx" ON "idempotency"("created_at");

CREATE UNIQUE INDEX "accounts_public_id_key" ON "accounts"("public_id");

CREATE INDEX "payments_user_id_created_at_action_id_idx" ON "payments"("user_id", "created_at", "action_id");

-- What must hold, whatever the code does.
ALTER TABLE "accounts"
    ADD CONSTRAINT "accounts_balance_within_added" CHECK (balance BETWEEN 0 AND added);

ALTER TABLE "payments"
    ADD CONSTRAINT "payments_amount_not_below_zero" CHECK (amount >= 0),
    ADD CONSTRAINT "payments_status" CHECK (status IN ('PAID', 'REFUNDED'));

-- Updated by almost every batch, and none of the changed columns is indexed: with room in the page a new version of a
-- row stays there and no index is touched (heap-only).
ALTER TABLE "accounts" SET (fillfactor = 80);
ALTER TABLE "payments" SET (fillfactor = 80);
