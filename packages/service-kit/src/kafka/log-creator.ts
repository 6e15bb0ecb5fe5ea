import { type logCreator as KafkaLogCreator, type LogEntry, logLevel } from 'kafkajs';
import type { Level, Logger } from 'pino';

/** What repeats within this time is said once. */
const REPEAT_AFTER_MS = 30_000;
const MAX_REMEMBERED = 100;

/** What belongs to every rebalance, though kafkajs calls it a warning or an error. */
const REBALANCE = /rebalanc|re-joining|coordinator is not aware of this member|not the (?:correct )?coordinator/i;
/** Lines per connection and attempt of what its caller tells anyway, with what it does about it. */
const DETAIL = /^(?:Starting|Stopped|consumer not running|Response )/;

/**
 * kafkajs' lines in our log. What it calls an error is one attempt among several, so that nothing of it is more than a
 * warning: the publisher and the consumer say themselves when they could not recover at once.
 */
export function logCreator(logger: Logger): KafkaLogCreator {
  const saidAt = new Map<string, number>();

  function isRepeated(line: string): boolean {
    const now = Date.now();
    if (now - (saidAt.get(line) ?? Number.NEGATIVE_INFINITY) < REPEAT_AFTER_MS) return true;
    if (saidAt.size >= MAX_REMEMBERED) saidAt.clear();
    saidAt.set(line, now);
    return false;
  }

  return () =>
    ({ namespace, level, log }: LogEntry) => {
      const { message, timestamp: _, logger: __, stack: ___, helpUrl: ____, ...fields } = log;
      const line = `kafka ${namespace}: ${message}`;
      const chosen = levelOf(level, `${message} ${fields.error ?? ''}`);
      logger[chosen === 'warn' && isRepeated(line) ? 'debug' : chosen](fields, line);
    };
}

export function levelOf(level: logLevel, text: string): Level {
  if (level === logLevel.DEBUG) return 'trace';
  if (DETAIL.test(text)) return 'debug';
  if (level === logLevel.INFO || REBALANCE.test(text)) return 'info';
  return 'warn';
}
