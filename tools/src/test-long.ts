import { type Count, check, conclude, tests } from './checks.ts';

/** In full what `test` runs in short: hours of trouble in one or two. Ends with the line `N passed, N failed`. */
const SIMULATED_RUNS = '530';

const long = (name: string, file: string): Count =>
  tests({ name, project: 'e2e', files: [`e2e/${file}.e2e.spec.ts`], env: { LONG: '1' } });

conclude([
  check('database clients', ['node', 'tools/src/generate.ts']),
  check(`simulator: ${SIMULATED_RUNS} runs of some forty sagas each`, [
    'node',
    'packages/testkit/src/simulator/main.ts',
    '--seed',
    '1',
    '--runs',
    SIMULATED_RUNS,
  ]),
  long('crash sweep: every service dies at every point that it has', 'crash-sweep'),
  long('chaos: 2,000 orders through every fault', 'chaos'),
  long('replay: everything again into a finished system', 'replay'),
  long('recovery: 10,000 sagas in flight, and the orchestrator dies', 'recovery'),
  long('outage: a participant is away for two minutes; every service is killed under load', 'faults'),
  check('mutation score of the pure core', ['stryker', 'run', 'stryker.config.ts']),
]);
