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

CREATE TABLE "coupons" (
    "coupon_id" BIGSERIAL NOT NULL,
    "user_id" BIGINT NOT NULL,
    "discount_amount" BIGINT NOT NULL,
    "expires_at" TIMESTAMPTZ(3),
    "action_id" UUID,
    "order_id" UUID,
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "coupons_pkey" PRIMARY KEY ("coupon_id")
);

CREATE UNIQUE INDEX "coupons_action_id_key" ON "coupons"("action_id");

CREATE INDEX "coupons_user_id_coupon_id_idx" ON "coupons"("user_id", "coupon_id");

-- What must hold, whatever the code does.
ALTER TABLE "coupons"
    ADD CONSTRAINT "coupons_discount_above_zero" CHECK (discount_amount > 0),
    ADD CONSTRAINT "coupons_used_by_an_action_for_an_order" CHECK ((action_id IS NULL) = (order_id IS NULL));
