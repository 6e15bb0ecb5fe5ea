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

CREATE TABLE "deliveries" (
    "delivery_id" UUID NOT NULL,
    "order_id" UUID NOT NULL,
    "user_id" BIGINT NOT NULL,
    "items" JSON NOT NULL,
    "ship_to" JSON,
    "status" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "deliveries_pkey" PRIMARY KEY ("delivery_id")
);

CREATE TABLE "unserved_areas" (
    "prefix" TEXT NOT NULL,

    CONSTRAINT "unserved_areas_pkey" PRIMARY KEY ("prefix")
);

CREATE INDEX "deliveries_order_id_idx" ON "deliveries"("order_id");

-- What must hold, whatever the code does.
ALTER TABLE "deliveries"
    ADD CONSTRAINT "deliveries_status" CHECK (status IN ('CREATED', 'CANCELLED'));

-- With an empty prefix nothing would be delivered anywhere.
ALTER TABLE "unserved_areas"
    ADD CONSTRAINT "unserved_areas_prefix_not_blank" CHECK (prefix ~ '\S');
