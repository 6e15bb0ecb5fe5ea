import { defineConfig } from 'vitest/config';

/** The specs of the pure core, for the mutants of stryker.config.ts. */
export default defineConfig({
  test: {
    include: [
      'orchestrator/src/{saga,sagas}/**/*.unit.spec.ts',
      'services/*/src/{domain,place-order,place-orders}.unit.spec.ts',
      'packages/service-kit/src/fold.unit.spec.ts',
      'packages/messages/src/*.unit.spec.ts',
    ],
    exclude: ['**/node_modules/**'],
  },
});
