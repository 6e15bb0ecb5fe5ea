import { balanceService } from '@saga/balance/app';
import { couponService } from '@saga/coupon/app';
import { deliveryService } from '@saga/delivery/app';
import { orchestratorService } from '@saga/orchestrator/app';
import { orderService } from '@saga/order/app';
import { platformService } from '@saga/platform/app';
import { productService } from '@saga/product/app';
import { createLogger } from '@saga/service-kit/logger';
import { memoryBroker } from '@saga/service-kit/memory-broker';
import { type RunningService, type StartOptions, startService } from '@saga/service-kit/start-service';
import type { ServiceName } from './service-name.ts';
import type { RunService } from './stack.ts';

/**
 * Runs services without Kafka: all in this process, on a broker in memory. What is on its way when the process ends is
 * lost; the orchestrator's timeouts send it again, for what matters stands in PostgreSQL either way.
 */
export function inThisProcess(partitions: number): RunService {
  const broker = memoryBroker({ partitions });
  return (name, settings, { onLine }) => {
    const refusal = Promise.withResolvers<never>();
    refusal.promise.catch(() => {}); // whoever waits for it to be up is told
    const logger = createLogger(
      { service: name, level: settings.LOG_LEVEL || 'info', secrets: [settings.DATABASE_URL ?? ''] },
      { write: (line) => onLine(line.trimEnd()) },
    );
    let running: Promise<RunningService> | undefined;
    return {
      name,
      get pid() {
        return running && process.pid;
      },
      start: () => {
        running = starters[name]({ env: settings, broker, logger });
        running.then(({ started }) => started).catch((error: Error) => refusal.reject(refused(name, error)));
      },
      stop: async () => {
        const [started] = await Promise.allSettled([running]);
        if (started.status === 'fulfilled') await started.value?.stop();
        running = undefined;
      },
      refused: refusal.promise,
      isUp: () => {},
    };
  };
}

const refused = (name: ServiceName, error: Error) => new Error(`${name} does not start: ${error.message}`);

const starters: Readonly<Record<ServiceName, (options: StartOptions) => Promise<RunningService>>> = {
  orchestrator: (options) => startService(orchestratorService, options),
  order: (options) => startService(orderService, options),
  product: (options) => startService(productService, options),
  balance: (options) => startService(balanceService, options),
  coupon: (options) => startService(couponService, options),
  delivery: (options) => startService(deliveryService, options),
  platform: (options) => startService(platformService, options),
};
