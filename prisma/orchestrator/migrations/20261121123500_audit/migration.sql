CREATE TABLE "audit" (
    "id" BIGSERIAL NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "actor" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "target_kind" TEXT NOT NULL,
    "target_id" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "detail" JSON NOT NULL,

    CONSTRAINT "audit_pkey" PRIMARY KEY ("id")
);

-- What happened to one thing, newest first.
CREATE INDEX "audit_target_id_id_idx" ON "audit" ("target_id", "id");
-- What is old enough to be forgotten.
CREATE INDEX "audit_at_idx" ON "audit" ("at");
