-- What is forgotten is found by its age, every minute. A BRIN index would be smaller and soon useless: new rows fill the
-- pages of forgotten ones, and a range of pages that has held both matches every search from then on.
CREATE INDEX "inbox_handled_at_idx" ON "inbox"("handled_at");
