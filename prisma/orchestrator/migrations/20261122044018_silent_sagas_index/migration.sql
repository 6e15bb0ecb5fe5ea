-- On its own: while the table is read through, nobody is kept from reading it.
CREATE INDEX "saga_look_at_idx" ON "saga"("look_at") WHERE (look_at IS NOT NULL);
