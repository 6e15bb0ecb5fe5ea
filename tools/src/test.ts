import { check, conclude, tests } from './checks.ts';

/**
 * Everything that must hold, the quick ones first: types, style, unused code, then the tests by layer. Ends with the
 * line `N passed, N failed`; each check that is not a test file counts as one.
 */
conclude([
  check('database clients', ['node', 'tools/src/generate.ts']),
  check('types', ['tsc', '-p', '.']),
  check('format, style and import boundaries', ['biome', 'ci', '--error-on-warnings', '.']),
  check('unused code', ['knip']),
  check('duplicate code', ['jscpd']),
  tests({ name: 'unit tests', project: 'unit' }),
  tests({ name: 'int tests', project: 'int' }),
  tests({ name: 'e2e tests', project: 'e2e' }),
]);
