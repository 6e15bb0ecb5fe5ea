import type { Logger } from 'pino';
import { messageOf, remedyOf } from './faults.ts';

export type FaultLog = {
  /** The work failed of a fault for which it is repeated. */
  met(error: unknown, what: string, details?: object): void;
  /** The work was done. */
  passed(): void;
  /** What stands in the way until a person mends it, and how; undefined while there is no such fault. */
  readonly needsMending: string | undefined;
};

/**
 * Tells of a fault that lasts when it begins and when it changes, not with every try: as an error, with what to do,
 * where only a person can mend it.
 */
export function faultLog(logger: Logger): FaultLog {
  let told: string | undefined;
  let needsMending: string | undefined;
  return {
    met: (error, what, details) => {
      const message = messageOf(error);
      if (message === told) return;
      told = message;
      const remedy = remedyOf(error);
      needsMending = remedy && `${message}: ${remedy}`;
      if (remedy === undefined) logger.warn({ ...details, error: message }, what);
      else logger.error({ ...details, error: message, remedy }, what);
    },
    passed: () => {
      told = undefined;
      needsMending = undefined;
    },
    get needsMending() {
      return needsMending;
    },
  };
}
