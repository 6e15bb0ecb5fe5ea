import type { Logger } from 'pino';
import { messageOf } from './faults.ts';
import type { Outbox } from './outbox.ts';
import { periodic } from './periodic.ts';
import type { BackgroundTask } from './service.ts';
import { within } from './within.ts';

const EVERY_MS = 1_000;
/** A stop does not wait for a broker that is away: what is not published then, another replica's relay finds. */
const STOP_LIMIT_MS = 2_000;

/** Publishes what a crash or an outage left in the outbox, until there is no more of it. */
export function outboxRelay({ outbox, logger }: { outbox: Outbox; logger: Logger }): BackgroundTask {
  const relay = periodic({
    name: 'outbox relay',
    everyMs: EVERY_MS,
    run: async (stopping) => {
      await outbox.relay(stopping);
    },
    logger,
  });
  return {
    start: relay.start,
    stop: async () => {
      try {
        await within(STOP_LIMIT_MS, 'emptying the outbox', Promise.all([relay.stop(), outbox.idle()]));
      } catch (error) {
        logger.warn({ error: messageOf(error) }, 'stops with messages in the outbox: they are published later');
      }
    },
  };
}
