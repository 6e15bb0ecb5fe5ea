import { defineConfig } from 'vitest/config';

/** Waits are for events and give up late: the machine may be ten times slower than when this was written. */
const MINUTE_MS = 60_000;
const patient = { poll: { timeout: 2 * MINUTE_MS } };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.unit.spec.ts'],
          exclude: ['**/node_modules/**', '.data/**'],
          testTimeout: 3 * MINUTE_MS,
          hookTimeout: 3 * MINUTE_MS,
          expect: patient,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'int',
          include: ['**/*.int.spec.ts'],
          exclude: ['**/node_modules/**', '.data/**'],
          globalSetup: ['packages/testkit/src/infrastructure.ts'],
          testTimeout: 5 * MINUTE_MS,
          expect: patient,
          hookTimeout: 10 * MINUTE_MS,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['e2e/**/*.e2e.spec.ts'],
          globalSetup: ['packages/testkit/src/infrastructure.ts', 'e2e/global-setup.ts'],
          testTimeout: 15 * MINUTE_MS,
          expect: patient,
          hookTimeout: 10 * MINUTE_MS,
          maxWorkers: 2,
        },
      },
    ],
  },
});
