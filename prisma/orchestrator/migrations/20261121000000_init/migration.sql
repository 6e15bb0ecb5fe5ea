CREATE TABLE "outbox" (
    "id" BIGSERIAL NOT NULL,
    "topic" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "headers" JSON NOT NULL,
    "value" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "outbox_pkey" PRIMARY KEY ("id")
);

-- Room on every page for the next version of a row: a saga is updated half a dozen times in its short life.
CREATE TABLE "saga" (
    "id" UUID NOT NULL,
    "definition" TEXT NOT NULL,
    "definition_version" INTEGER NOT NULL,
    "status" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "partition" INTEGER NOT NULL,
    "state" JSON NOT NULL,
    "failure_code" TEXT,
    "stuck_since" TIMESTAMPTZ(3),
    "stuck_code" TEXT,
    "wake_at" TIMESTAMPTZ(3),
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "saga_pkey" PRIMARY KEY ("id")
) WITH (fillfactor = 50);

-- Only what has not ended: an index entry is made at the start and unmade at the end, never by progress.
CREATE INDEX "saga_wake_at_idx" ON "saga" ("wake_at") WHERE "wake_at" IS NOT NULL;
CREATE INDEX "saga_open_idx" ON "saga" ("id") WHERE "ended_at" IS NULL;
CREATE INDEX "saga_stuck_idx" ON "saga" ("stuck_since") WHERE "stuck_since" IS NOT NULL;

CREATE TABLE "journal" (
    "saga_id" UUID NOT NULL,
    "seq" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "message_id" UUID NOT NULL,
    "message_type" TEXT NOT NULL,
    "incoming" JSON NOT NULL,
    "effect" JSON NOT NULL,
    "sent" JSON NOT NULL,

    CONSTRAINT "journal_pkey" PRIMARY KEY ("saga_id", "seq")
);

CREATE TABLE "topic_progress" (
    "command_topic" TEXT NOT NULL,
    "partition" INTEGER NOT NULL,
    "answered_up_to" BIGINT NOT NULL DEFAULT 0,
    "probing_since" BIGINT NOT NULL DEFAULT 0,
    "probes" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "topic_progress_pkey" PRIMARY KEY ("command_topic", "partition")
) WITH (fillfactor = 50);
