import type { Logger } from 'pino';
import { messageOf, remedyOf } from './faults.ts';

/** A piece of work that is repeated until it is done. */
export type Work = {
  /** It failed of a fault for which it is repeated. */
  met(error: unknown, what: string, details?: object): void;
  /** It was done, or given up. */
  passed(): void;
};

export type FaultLog = Work & {
  /** Does a piece of work beside others; ended, well or not, it has passed. */
  during<Result>(does: (work: Work) => Promise<Result>): Promise<Result>;
  /** What stands in the way of any of them until a person mends it, and how; undefined while there is no such fault. */
  readonly needsMending: string | undefined;
};

/**
 * Tells of a fault that lasts when it begins and when it changes, not with every try nor for each whom it meets: as an
 * error, with what to do, where only a person can mend it.
 */
export function faultLog(logger: Logger): FaultLog {
  const met = new Map<Work, { message: string; needsMending: string | undefined }>();

  function tell(message: string, remedy: string | undefined, what: string, details?: object): void {
    if (remedy === undefined) logger.warn({ ...details, error: message }, what);
    else logger.error({ ...details, error: message, remedy }, what);
  }

  function begin(): Work {
    const work: Work = {
      met: (error, what, details) => {
        const message = messageOf(error);
        const remedy = remedyOf(error);
        const isTold = met.values().some((fault) => fault.message === message);
        met.set(work, { message, needsMending: remedy && `${message}: ${remedy}` });
        if (!isTold) tell(message, remedy, what, details);
      },
      passed: () => void met.delete(work),
    };
    return work;
  }

  return {
    ...begin(),
    during: async (does) => {
      const work = begin();
      try {
        return await does(work);
      } finally {
        work.passed();
      }
    },
    get needsMending() {
      return met.values().find(({ needsMending }) => needsMending !== undefined)?.needsMending;
    },
  };
}
