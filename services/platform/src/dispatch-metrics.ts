import { Counter, type Registry } from 'prom-client';
import type { SettledDispatch } from './dispatches.ts';

export type DispatchMetrics = {
  /** An attempt ended: sent, to be repeated, or given up. */
  attempted(status: SettledDispatch['status']): void;
};

export function createDispatchMetrics(registry: Registry): DispatchMetrics {
  const attempts = new Counter({
    name: 'saga_dispatch_attempts_total',
    help: 'Attempts to tell the platform of an order, by what the dispatch became',
    labelNames: ['status'],
    registers: [registry],
  });
  return { attempted: (status) => attempts.inc({ status }) };
}
