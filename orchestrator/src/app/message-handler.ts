import type { FactTopic } from '@saga/messages/facts';
import type { Message } from '@saga/messages/message';
import { factOf, isFactTopic, type Topic } from '@saga/messages/topics';
import type { Database } from '@saga/service-kit/database';
import type { Delivery, DeliveryHandler, Handled } from '@saga/service-kit/delivery';
import type { Incoming } from '../saga/incoming.ts';
import type { Registry } from '../saga/registry.ts';
import { foldSagas } from './fold-sagas.ts';
import type { SagaStore } from './saga-store.ts';
import { setAside } from './set-aside.ts';

const LISTENS_TO: readonly Topic[] = ['order-created', 'order-cancel-requested', ...Object.values(factOf)];

/**
 * Sagas of different partitions have nothing in common: where very much has arrived, one batch is folded while PostgreSQL
 * writes the rows of others.
 */
const LANES = 4;

/** Facts in, commands out: one transaction per batch, the commands published after it. */
export function messageHandler(registry: Registry, store: SagaStore, database: Database): DeliveryHandler {
  const handle = (deliveries: readonly Delivery[]): Promise<Handled> =>
    database.transaction(async (sql) => {
      const { now, sagas } = await store.load(
        sql,
        deliveries.map(({ message }) => message.key),
      );
      const { known, left } = setAside(registry, sagas, deliveries, now);
      const batch = known.map((delivery) => ({ sagaId: delivery.message.key, incoming: incomingOf(delivery) }));
      const folded = foldSagas(registry, sagas, batch, now);
      store.save(sql, folded);
      return {
        publish: folded.sent,
        dead: folded.dead.map(({ index, reason }) => ({ received: deliveryAt(known, index).received, reason })),
        left,
      };
    });

  return {
    topics: LISTENS_TO,
    lanes: LANES,
    handle,
    // The orchestrator answers nobody: what it cannot handle is a dead letter and nothing else.
    failed: () => [],
  };
}

function deliveryAt(deliveries: readonly Delivery[], index: number): Delivery {
  const delivery = deliveries[index];
  if (!delivery) throw new Error(`message ${index} of ${deliveries.length} is to be a dead letter: there is none`);
  return delivery;
}

function incomingOf({ message, received }: Delivery): Incoming {
  const { partition } = received;
  if (message.topic === 'order-created') return { type: 'order-created', partition, message };
  if (message.topic === 'order-cancel-requested') return { type: 'order-cancel-requested', partition, message };
  if (isFact(message)) return { type: 'fact', message };
  throw new Error(`the orchestrator does not listen to ${message.topic}`);
}

const isFact = (message: Message): message is Message<FactTopic> => isFactTopic(message.topic);
