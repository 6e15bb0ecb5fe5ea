import { Gauge, type Registry } from 'prom-client';
import { sharedAnswer } from './shared-answer.ts';
import { within } from './within.ts';

/** However many scrape, the broker is asked so often at most. */
const HOLDS_MS = 5_000;
/** A scrape gives up after some seconds, and all other figures are lost with it. */
const LIMIT_MS = 2_000;

/**
 * How many messages wait to be handled, asked of the broker when the metrics are read; NaN while it does not say.
 *
 * @param lag of the service's group over all its topics.
 */
export function lagGauge(registry: Registry, lag: () => Promise<number>): void {
  const answer = sharedAnswer(() => within(LIMIT_MS, 'the lag', lag()).catch(() => Number.NaN), HOLDS_MS);
  new Gauge({
    name: 'saga_consumer_lag',
    help: 'Messages that this service’s group has not handled yet, over all its replicas; NaN: the broker is away',
    registers: [registry],
    async collect() {
      this.set(await answer());
    },
  });
}
