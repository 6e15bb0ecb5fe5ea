import { type logCreator as KafkaLogCreator, type LogEntry, logLevel } from 'kafkajs';
import type { Level, Logger } from 'pino';
import { repeatFilter } from '../repeat-filter.ts';

/** What belongs to every rebalance, though kafkajs calls it a warning or an error. */
const REBALANCE = /rebalanc|re-joining|coordinator is not aware of this member|not the (?:correct )?coordinator/i;
/** Of one connection or attempt: whoever wanted it says it too, with what is done about it. */
const DETAIL =
  /^(?:Starting|Stopped|consumer not running|Response |Crash: |Pausing fetching|Resuming fetching|Failed to connect to seed broker)/;

/**
 * kafkajs' lines in our log. What it calls an error is one attempt among several, so that nothing of it is more than a
 * warning: publishers and consumers say themselves when they could not recover at once.
 */
export function logCreator(logger: Logger): KafkaLogCreator {
  const isRepeated = repeatFilter();
  return () =>
    ({ namespace, level, log }: LogEntry) => {
      const { message, timestamp: _, logger: __, stack: ___, helpUrl: ____, ...fields } = log;
      const line = `kafka ${namespace}: ${message}`;
      const chosen = levelOf(level, message);
      logger[chosen === 'warn' && isRepeated(line) ? 'debug' : chosen](fields, line);
    };
}

export function levelOf(level: logLevel, message: string): Level {
  if (level === logLevel.DEBUG) return 'trace';
  if (DETAIL.test(message)) return 'debug';
  if (level === logLevel.INFO || REBALANCE.test(message)) return 'info';
  return 'warn';
}
