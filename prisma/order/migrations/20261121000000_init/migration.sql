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

CREATE TABLE "orders" (
    "order_id" UUID NOT NULL,
    "saga" TEXT NOT NULL,
    "user_id" BIGINT NOT NULL,
    "items" JSON NOT NULL,
    "coupon_id" BIGINT,
    "total_amount" BIGINT NOT NULL,
    "discount_amount" BIGINT NOT NULL,
    "final_amount" BIGINT NOT NULL,
    "ship_to" JSON,
    "traceparent" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "status" TEXT NOT NULL,
    "cancel_reason" JSON,
    "payment_id" UUID,
    "delivery_id" UUID,
    "ended_at" TIMESTAMPTZ(3),
    "announcements" INTEGER NOT NULL DEFAULT 1,
    "announce_at" TIMESTAMPTZ(3),

    CONSTRAINT "orders_pkey" PRIMARY KEY ("order_id"),
    CONSTRAINT "orders_amounts_check"
        CHECK ("discount_amount" >= 0 AND "final_amount" >= 0 AND "final_amount" = "total_amount" - "discount_amount")
);

CREATE TABLE "products" (
    "product_id" BIGINT NOT NULL,
    "price" BIGINT NOT NULL,
    "version" BIGINT NOT NULL,

    CONSTRAINT "products_pkey" PRIMARY KEY ("product_id")
);

CREATE TABLE "accounts" (
    "user_id" BIGINT NOT NULL,
    "public_id" TEXT NOT NULL,
    "version" BIGINT NOT NULL,

    CONSTRAINT "accounts_pkey" PRIMARY KEY ("user_id")
);

CREATE TABLE "coupons" (
    "coupon_id" BIGINT NOT NULL,
    "user_id" BIGINT NOT NULL,
    "discount_amount" BIGINT NOT NULL,
    "version" BIGINT NOT NULL,

    CONSTRAINT "coupons_pkey" PRIMARY KEY ("coupon_id")
);

CREATE TABLE "caught_up" (
    "topic" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "caught_up_pkey" PRIMARY KEY ("topic")
);

CREATE INDEX "idempotency_created_at_idx" ON "idempotency"("created_at");

CREATE INDEX "orders_user_id_order_id_idx" ON "orders"("user_id", "order_id");

CREATE INDEX "orders_status_order_id_idx" ON "orders"("status", "order_id");

CREATE INDEX "orders_announce_at_idx" ON "orders"("announce_at") WHERE (announce_at IS NOT NULL);

CREATE INDEX "accounts_public_id_idx" ON "accounts"("public_id");
