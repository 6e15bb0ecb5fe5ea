-- A saga whose participant is silent is looked at by a time of its own. Who goes back to a version that does not know it
-- tells that version of it: see "Going back a version" in docs/operations.md.
ALTER TABLE "saga" ADD COLUMN "look_at" TIMESTAMPTZ(3);
