import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { DeliveryObserver } from './deliver.ts';

/** From a quick read to the longest answer that `Prefer: wait` may hold. */
const HTTP_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const FOLD_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const BATCH_SIZES = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000];

/** How often the event loop's delay is looked at. The default of 10 ms would be most of what an idle process does. */
const EVENT_LOOP_LOOKS_MS = 50;

export type Metrics = {
  /** What `GET /metrics` shows; a service adds its own. One per service: several may live in one process. */
  registry: Registry;
  delivery: DeliveryObserver;
  /** `route` is the pattern (`/orders/:orderId`), never the path: every id would be a time series. */
  httpRequest(method: string, route: string, status: number, seconds: number): void;
};

/** `outboxRows` is asked whenever the metrics are read. */
export function createMetrics(service: string, outboxRows: () => number): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: EVENT_LOOP_LOOKS_MS });
  const registers = [registry];

  const handled = new Counter({
    name: 'saga_messages_handled_total',
    help: 'Messages handled, by topic and outcome',
    labelNames: ['topic', 'outcome'],
    registers,
  });
  const deadLetters = new Counter({
    name: 'saga_dead_letters_total',
    help: 'Messages that could not be read or handled, by topic and reason',
    labelNames: ['topic', 'code'],
    registers,
  });
  const batchSize = new Histogram({
    name: 'saga_batch_size',
    help: 'Messages handled in one transaction',
    buckets: BATCH_SIZES,
    registers,
  });
  const foldDuration = new Histogram({
    name: 'saga_fold_duration_seconds',
    help: 'From reading a batch to the acknowledgement of all that it caused',
    buckets: FOLD_SECONDS,
    registers,
  });
  const httpDuration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'From a request to its answer, by method, route and status',
    labelNames: ['method', 'route', 'status'],
    buckets: HTTP_SECONDS,
    registers,
  });
  new Gauge({
    name: 'saga_outbox_rows',
    help: 'Messages committed but not yet known to be published; of the published ones those of the last fifth of a second',
    registers,
    collect() {
      this.set(outboxRows());
    },
  });

  return {
    registry,
    delivery: {
      batch: (size, seconds) => {
        batchSize.observe(size);
        foldDuration.observe(seconds);
      },
      handled: (topic, outcome) => handled.inc({ topic, outcome }),
      deadLetter: (topic, code) => deadLetters.inc({ topic, code }),
    },
    httpRequest: (method, route, status, seconds) => httpDuration.observe({ method, route, status }, seconds),
  };
}
