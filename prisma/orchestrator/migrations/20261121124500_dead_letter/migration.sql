CREATE TABLE "dead_letter" (
    "id" UUID NOT NULL,
    "seq" BIGSERIAL NOT NULL,
    "service" TEXT NOT NULL,
    "topic" TEXT NOT NULL,
    "partition" INTEGER NOT NULL,
    "offset" TEXT NOT NULL,
    "key" TEXT,
    "headers" JSON NOT NULL,
    "value" BYTEA,
    "is_whole" BOOLEAN NOT NULL,
    "code" TEXT NOT NULL,
    "message" TEXT NOT NULL,
    "failed_at" TIMESTAMPTZ(3) NOT NULL,
    "saga_id" UUID,
    "message_id" UUID,
    "status" TEXT NOT NULL DEFAULT 'OPEN',
    "decided_at" TIMESTAMPTZ(3),
    "decided_by" TEXT,
    "decided_because" TEXT,

    CONSTRAINT "dead_letter_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "dead_letter_status" CHECK ("status" IN ('OPEN', 'REDRIVING', 'REDRIVEN', 'DISCARDED')),
    CONSTRAINT "dead_letter_decided" CHECK (("status" = 'OPEN') = ("decided_at" IS NULL))
);

CREATE UNIQUE INDEX "dead_letter_seq_key" ON "dead_letter" ("seq");
-- What is open, counted by what went wrong where: an operator's first question.
CREATE INDEX "dead_letter_open_idx" ON "dead_letter" ("service", "topic", "code") WHERE "status" = 'OPEN';
-- What is to be published.
CREATE INDEX "dead_letter_redriving_idx" ON "dead_letter" ("seq") WHERE "status" = 'REDRIVING';
CREATE INDEX "dead_letter_saga_id_idx" ON "dead_letter" ("saga_id") WHERE "saga_id" IS NOT NULL;
CREATE INDEX "dead_letter_message_id_idx" ON "dead_letter" ("message_id") WHERE "message_id" IS NOT NULL;
-- What is old enough to be forgotten.
CREATE INDEX "dead_letter_decided_at_idx" ON "dead_letter" ("decided_at") WHERE "decided_at" IS NOT NULL;
