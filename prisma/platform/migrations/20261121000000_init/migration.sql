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

CREATE TABLE "dispatches" (
    "order_id" UUID NOT NULL,
    "body" JSON NOT NULL,
    "status" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "last_error" TEXT,
    "sent_at" TIMESTAMPTZ(3),
    "due_at" TIMESTAMPTZ(3),

    CONSTRAINT "dispatches_pkey" PRIMARY KEY ("order_id")
);

CREATE TABLE "daily_statistics" (
    "date" DATE NOT NULL,
    "orders" BIGINT NOT NULL,
    "items" BIGINT NOT NULL,
    "total_amount" BIGINT NOT NULL,
    "discount_amount" BIGINT NOT NULL,
    "final_amount" BIGINT NOT NULL,

    CONSTRAINT "daily_statistics_pkey" PRIMARY KEY ("date")
);

CREATE INDEX "dispatches_due_at_idx" ON "dispatches"("due_at") WHERE (due_at IS NOT NULL);

-- What must hold, whatever the code does.
ALTER TABLE "dispatches"
    ADD CONSTRAINT "dispatches_status" CHECK (status IN ('PENDING', 'SENT', 'FAILED')),
    ADD CONSTRAINT "dispatches_due_while_pending" CHECK ((due_at IS NOT NULL) = (status = 'PENDING')),
    ADD CONSTRAINT "dispatches_sent_at_some_time" CHECK ((sent_at IS NOT NULL) = (status = 'SENT'));

ALTER TABLE "daily_statistics"
    ADD CONSTRAINT "daily_statistics_nothing_below_zero" CHECK (
        orders >= 0 AND items >= 0 AND total_amount >= 0 AND discount_amount >= 0 AND final_amount >= 0);

-- Updated by every batch, and none of the changed columns is indexed: with room in the page a new version of a row
-- stays there and no index is touched (heap-only).
ALTER TABLE "daily_statistics" SET (fillfactor = 80);
