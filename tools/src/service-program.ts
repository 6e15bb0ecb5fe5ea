import { fileURLToPath } from 'node:url';
import type { ServiceName } from './service-name.ts';

export type ServiceProgram = {
  /** The file that Node runs. */
  main: string;
  /** Where it listens unless told otherwise. */
  port: number;
};

const program = (folder: string, port: number): ServiceProgram => ({
  main: fileURLToPath(new URL(`../../${folder}/src/main.ts`, import.meta.url)),
  port,
});

export const servicePrograms: Readonly<Record<ServiceName, ServiceProgram>> = {
  orchestrator: program('orchestrator', 8080),
  order: program('services/order', 8081),
  product: program('services/product', 8082),
  balance: program('services/balance', 8083),
  coupon: program('services/coupon', 8084),
  delivery: program('services/delivery', 8085),
  platform: program('services/platform', 8086),
};
