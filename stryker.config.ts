/**
 * `pnpm mutation`: every small change of the pure core must turn a test red; below the threshold it fails. One file:
 * `pnpm mutation --mutate services/coupon/src/domain.ts`.
 */
export default {
  mutate: [
    'orchestrator/src/saga/*.ts',
    'orchestrator/src/sagas/*.ts',
    'services/*/src/domain.ts',
    'services/order/src/place-order.ts',
    'services/order/src/place-orders.ts',
    'packages/service-kit/src/fold.ts',
    'packages/messages/src/codec.ts',
    'packages/messages/src/ids.ts',
    '!**/*.spec.ts',
  ],
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'vitest.mutation.config.ts' },
  // Stryker would rewrite the real one through an interface that TypeScript 7 does not have; the specs need none.
  tsconfigFile: 'none.json',
  ignorePatterns: ['.data', 'bench', 'docs', 'e2e', 'k8s'],
  tempDirName: '.data/stryker',
  reporters: ['progress-append-only', 'clear-text'],
  clearTextReporter: { logTests: false, reportTests: false, reportScoreTable: true },
  thresholds: { high: 100, low: 95, break: 90 },
  concurrency: 2,
};
