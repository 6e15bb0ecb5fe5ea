import { firstIdDaysAgo } from '@saga/service-kit/first-id';
import type { UndoableStatements } from '@saga/service-kit/retention';

export const forgetDeliveries: UndoableStatements = {
  old: `
    SELECT DISTINCT order_id AS id FROM deliveries
    WHERE order_id > $1 AND order_id < ${firstIdDaysAgo('$3::int')}
    ORDER BY order_id LIMIT $2`,
  forget: `
    DELETE FROM deliveries WHERE delivery_id = ANY(ARRAY(
      SELECT delivery_id FROM deliveries WHERE order_id = ANY($1::uuid[]) FOR UPDATE SKIP LOCKED))`,
};
