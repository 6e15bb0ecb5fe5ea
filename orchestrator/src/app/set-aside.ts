import type { LeftMessage } from '@saga/service-kit/broker';
import type { Delivery } from '@saga/service-kit/delivery';
import { partitionNameOf } from '@saga/service-kit/left-messages';
import type { Registry } from '../saga/registry.ts';
import type { AwaitedSaga, Instant, Saga } from '../saga/state.ts';

export type SetAside = { known: readonly Delivery[]; left: readonly LeftMessage[] };

/**
 * A name that no replica has learned for so long is a mistake, and must not hold up its partition for ever: the fold
 * makes it a dead letter. (A version of a running saga is waited for without end: some replica began it.)
 */
const DEPLOYED_WITHIN_MS = 60 * 60 * 1_000;

/**
 * What this replica leaves for one that knows the definition (trap 30), with all that stands behind it in its
 * partition: the order within a saga is kept. A batch cannot teach it a definition, so that what was loaded decides.
 * Pure.
 */
export function setAside(
  registry: Registry,
  loaded: ReadonlyMap<string, Saga | AwaitedSaga>,
  deliveries: readonly Delivery[],
  now: Instant,
): SetAside {
  const waitsFor = new Map<string, string>();
  const known: Delivery[] = [];
  const left: LeftMessage[] = [];
  for (const delivery of deliveries) {
    const partition = partitionNameOf(delivery.received);
    const unknown =
      waitsFor.get(partition) ?? unknownDefinition(registry, loaded.get(delivery.message.key), delivery, now);
    if (unknown === undefined) {
      known.push(delivery);
      continue;
    }
    waitsFor.set(partition, unknown);
    left.push({ received: delivery.received, waitsFor: unknown });
  }
  return { known, left };
}

function unknownDefinition(
  registry: Registry,
  saga: Saga | AwaitedSaga | undefined,
  { message }: Delivery,
  now: Instant,
): string | undefined {
  if (saga && saga.status !== 'AWAITED') {
    const { name, version } = saga.definition;
    // Whatever comes once a saga has ended, nothing is sent: its definition may be gone by then.
    return saga.endedAt !== undefined || registry.find(name, version) ? undefined : `definition ${name} v${version}`;
  }
  // Nothing but an order can start a saga: before it, no rule of any definition applies.
  if (message.topic !== 'order-created' || registry.latest(message.body.saga)) return undefined;
  if (now - Date.parse(message.envelope.time) > DEPLOYED_WITHIN_MS) return undefined;
  return `a definition ${message.body.saga}`;
}
