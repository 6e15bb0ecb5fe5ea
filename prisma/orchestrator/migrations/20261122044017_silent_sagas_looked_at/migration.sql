-- AlterTable
ALTER TABLE "saga" ADD COLUMN     "look_at" TIMESTAMPTZ(3);

-- CreateIndex
CREATE INDEX "saga_look_at_idx" ON "saga"("look_at") WHERE (look_at IS NOT NULL);
