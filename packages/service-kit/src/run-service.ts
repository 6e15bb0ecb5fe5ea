import { setFlagsFromString } from 'node:v8';
import closeWithGrace from 'close-with-grace';
import type { z } from 'zod';
import { ConfigError } from './config.ts';
import type { PrismaClient, ServiceDefinition } from './service.ts';
import { startService } from './start-service.ts';

/** Kubernetes and the like kill after ten seconds or more: what takes longer is better cut off here, with a line. */
const STOP_LIMIT_MS = 9_000;

/**
 * The heap may double before it is collected again. Left alone, V8 lets a heap without a limit grow up to fourfold (under
 * load 80 MiB more, for some per cent less CPU time), and a small one with a limit hardly at all, at a price. To be set
 * while the process runs, for Node does not let NODE_OPTIONS say so.
 */
const HEAP_GROWTH = '--heap-growing-percent=100';

/**
 * A service as a process. SIGTERM, SIGINT and a bug that nobody caught all end it in order: no more requests, the batch
 * at hand committed and answered, the group left, everything closed. A second signal ends it at once.
 */
export async function runService<Shape extends z.ZodRawShape, Client extends PrismaClient>(
  definition: ServiceDefinition<Shape, Client>,
): Promise<void> {
  setFlagsFromString(HEAP_GROWTH);
  try {
    const { logger, started, stop } = await startService(definition, { env: process.env });
    closeWithGrace({ delay: STOP_LIMIT_MS, logger }, async ({ err, signal }) => {
      if (err) logger.fatal({ err }, 'a bug: the service ends');
      else logger.info({ signal }, 'stopping');
      await stop();
      logger.info('stopped');
    });
    await started;
  } catch (error) {
    process.stderr.write(`${refusal(error)}\n`);
    process.exit(1);
  }
}

/** For the person who starts it: a line that says what to change; for a bug, where it is. */
function refusal(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
