import { Counter, Gauge, type Registry } from 'prom-client';

export type OrderMetrics = {
  placed(saga: string): void;
  refused(code: string): void;
  announcedAgain(orders: number): void;
};

/** `waiting` is asked whenever the metrics are read. */
export function createOrderMetrics(registry: Registry, waiting: () => number): OrderMetrics {
  const registers = [registry];
  const placed = new Counter({
    name: 'saga_orders_placed_total',
    help: 'Orders accepted, by saga',
    labelNames: ['saga'],
    registers,
  });
  const refused = new Counter({
    name: 'saga_orders_refused_total',
    help: 'Orders refused at the edge, by the code of each fault',
    labelNames: ['code'],
    registers,
  });
  const announcedAgain = new Counter({
    name: 'saga_orders_announced_again_total',
    help: 'Announcements of orders that stayed pending for too long',
    registers,
  });
  new Gauge({
    name: 'saga_orders_waited_for',
    help: 'Requests that are held until their order has ended',
    registers,
    collect() {
      this.set(waiting());
    },
  });
  return {
    placed: (saga) => placed.inc({ saga }),
    refused: (code) => refused.inc({ code }),
    announcedAgain: (orders) => announcedAgain.inc(orders),
  };
}
