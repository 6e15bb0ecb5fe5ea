-- What stands of an order: for the reconciliation. Only used coupons have one.
CREATE INDEX "coupons_order_id_idx" ON "coupons"("order_id") WHERE (order_id IS NOT NULL);
