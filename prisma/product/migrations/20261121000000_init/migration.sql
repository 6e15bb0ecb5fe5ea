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

CREATE TABLE "products" (
    "product_id" BIGSERIAL NOT NULL,
    "name" TEXT NOT NULL,
    "price" BIGINT NOT NULL,
    "available" BIGINT NOT NULL,
    "reserved" BIGINT NOT NULL DEFAULT 0,
    "sold" BIGINT NOT NULL DEFAULT 0,
    "added" BIGINT NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "products_pkey" PRIMARY KEY ("product_id")
);

CREATE TABLE "reservations" (
    "action_id" UUID NOT NULL,
    "order_id" UUID NOT NULL,
    "items" JSON NOT NULL,
    "status" TEXT NOT NULL,

    CONSTRAINT "reservations_pkey" PRIMARY KEY ("action_id")
);

CREATE INDEX "idempotency_created_at_idx" ON "idempotency"("created_at");

CREATE INDEX "reservations_order_id_idx" ON "reservations"("order_id");

-- What must hold, whatever the code does.
ALTER TABLE "products"
    ADD CONSTRAINT "products_nothing_below_zero" CHECK (price >= 0 AND available >= 0 AND reserved >= 0 AND sold >= 0),
    ADD CONSTRAINT "products_stock_adds_up" CHECK (added = available + reserved + sold);

ALTER TABLE "reservations"
    ADD CONSTRAINT "reservations_status" CHECK (status IN ('RESERVED', 'SETTLED', 'RELEASED'));

-- Updated by almost every batch, and none of the changed columns is indexed: with room in the page a new version of a
-- row stays there and no index is touched (heap-only).
ALTER TABLE "products" SET (fillfactor = 80);
ALTER TABLE "reservations" SET (fillfactor = 80);
