-- A product adds up also when its oldest reservations are forgotten.
ALTER TABLE "products" ADD COLUMN "sold_forgotten" BIGINT NOT NULL DEFAULT 0;
