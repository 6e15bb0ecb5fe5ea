import type { BatchHandler } from './broker.ts';
import { messageOf } from './faults.ts';
import type { Tracing } from './tracing.ts';

/** A span for every message of a batch, from the batch's reading to the acknowledgement of all that it caused. */
export const tracedBatches =
  (handle: BatchHandler, tracing: Tracing): BatchHandler =>
  async (batch) => {
    const spans = batch.map(({ topic, partition, offset, key, headers }) =>
      tracing.begin('message', `handle ${topic}`, headers.traceparent, {
        'messaging.system': 'kafka',
        'messaging.operation.type': 'process',
        'messaging.destination.name': topic,
        'messaging.destination.partition.id': String(partition),
        'messaging.kafka.offset': offset,
        'messaging.batch.message_count': batch.length,
        ...(key !== null && { 'saga.id': key }),
      }),
    );
    const end = (failure?: string): void => {
      for (const span of spans) span.end({}, failure);
    };
    try {
      const left = await handle(batch);
      end();
      return left;
    } catch (error) {
      end(messageOf(error));
      throw error;
    }
  };
