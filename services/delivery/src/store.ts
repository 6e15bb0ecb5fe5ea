import type { Message } from '@saga/messages/message';
import type { Sql, Transaction } from '@saga/service-kit/database';
import { byKey, type Rows, rowsOf } from '@saga/service-kit/participant';
import type { Delivery, Shipping, UnservedArea } from './domain.ts';

const LOAD_DELIVERIES = `
  SELECT delivery_id AS "deliveryId", order_id AS "orderId", user_id AS "userId", items, ship_to AS "shipTo", status,
         created_at AS "createdAt"
  FROM deliveries
  WHERE delivery_id = ANY($1::uuid[])
  ORDER BY delivery_id FOR UPDATE`;

/** Only the areas that one of the addresses lies in. Not locked: a delivery is decided by the list as it stands. */
const LOAD_UNSERVED_AREAS = `
  SELECT prefix FROM unserved_areas
  WHERE EXISTS (SELECT FROM unnest($1::text[]) AS shipped (address) WHERE starts_with(address, prefix))`;

/** Locks deliveries in key order: as everywhere in this service (trap 13). */
export async function loadShipping(sql: Sql, messages: readonly Message[]): Promise<Rows<Shipping>> {
  const undone = messages.flatMap(({ envelope }) => envelope.actionId ?? []);
  const addresses = messages.flatMap((message) =>
    message.topic === 'create-delivery-command' ? (message.body.shipTo?.address ?? []) : [],
  );
  const [deliveries, unservedAreas] = await Promise.all([
    rowsOf<Delivery>(sql, LOAD_DELIVERIES, undone),
    rowsOf<UnservedArea>(sql, LOAD_UNSERVED_AREAS, addresses),
  ]);
  return {
    deliveries: byKey(deliveries, (delivery) => delivery.deliveryId),
    unservedAreas: byKey(unservedAreas, (area) => area.prefix),
  };
}

const SAVE_DELIVERIES = `
  INSERT INTO deliveries (delivery_id, order_id, user_id, items, ship_to, status, created_at)
  SELECT "deliveryId", "orderId", "userId", items, "shipTo", status, "createdAt"
  FROM json_to_recordset($1::json)
    AS changed ("deliveryId" uuid, "orderId" uuid, "userId" bigint, items json, "shipTo" json, status text,
                "createdAt" timestamptz)
  ORDER BY "deliveryId"
  ON CONFLICT (delivery_id) DO UPDATE SET status = excluded.status`;

/** The unserved areas are changed over HTTP only. */
export function saveShipping(sql: Transaction, { deliveries }: { deliveries: readonly Delivery[] }): void {
  if (deliveries.length > 0) sql.send(SAVE_DELIVERIES, [JSON.stringify(deliveries)]);
}
