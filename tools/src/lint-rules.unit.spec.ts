import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

/*
 * Later overrides of biome.json replace earlier ones where both match a file, so that a rule can vanish without a word:
 * here each must refuse a piece of bad code, through the real biome.json.
 */
const ROOT = path.resolve(import.meta.dirname, '../..');

const IMPORTS = 'noRestrictedImports';
const GLOBALS = 'noRestrictedGlobals';
const CLOCK_OR_CHANCE = 'plugin';

const CORE = [
  'orchestrator/src/saga/transition.ts',
  'orchestrator/src/sagas/place-order.ts',
  'services/balance/src/domain.ts',
  'services/coupon/src/domain.ts',
  'services/delivery/src/domain.ts',
  'services/order/src/domain.ts',
  'services/order/src/place-order.ts',
  'services/order/src/place-orders.ts',
  'services/platform/src/domain.ts',
  'services/product/src/domain.ts',
  'packages/service-kit/src/fold.ts',
];
const inTheCore = (rule: string, code: string) => CORE.map((file) => [file, code, rule] as const);

const refused = [
  ...inTheCore(IMPORTS, "export * from 'node:fs';"),
  ...inTheCore(IMPORTS, "export * from 'pg';"),
  ...inTheCore(IMPORTS, "export * from '@saga/service-kit/database';"),
  ...inTheCore(IMPORTS, "export * from '@saga/prisma/product';"),
  ...inTheCore(IMPORTS, "export * from '@saga/tools/stack';"),
  ...inTheCore(IMPORTS, "import { newOrderId } from '@saga/messages/ids';\nexport const id = newOrderId();"),
  ...inTheCore(GLOBALS, 'export const home = process.env.HOME;'),
  ...inTheCore(GLOBALS, "export const log = () => console.log('');"),
  ...inTheCore(GLOBALS, "export const answer = () => fetch('');"),
  ...inTheCore(GLOBALS, 'export const later = () => setTimeout(() => 0, 1);'),
  ...inTheCore(GLOBALS, 'export const often = () => setInterval(() => 0, 1);'),
  ...inTheCore(GLOBALS, 'export const at = () => performance.now();'),
  ...inTheCore(GLOBALS, 'export const id = () => crypto.randomUUID();'),
  ...inTheCore(GLOBALS, 'export const at = () => globalThis.Date;'),
  ...inTheCore(CLOCK_OR_CHANCE, 'export const at = () => Date.now();'),
  ...inTheCore(CLOCK_OR_CHANCE, 'export const at = () => new Date();'),
  ...inTheCore(CLOCK_OR_CHANCE, 'export const chance = () => Math.random();'),
  ['packages/messages/src/codec.ts', 'export const at = () => Date.now();', CLOCK_OR_CHANCE],
  ['orchestrator/src/saga/transition.ts', "export * from '../app/fold-sagas.ts';", IMPORTS],
  ['orchestrator/src/saga/transition.ts', "export * from './testing/world.ts';", IMPORTS],
  ['orchestrator/src/app/fold-sagas.ts', "export * from '../adapters/postgres/saga-store.ts';", IMPORTS],
  ['orchestrator/src/app/fold-sagas.ts', "export * from '../saga/testing/world.ts';", IMPORTS],
  ['orchestrator/src/app/fold-sagas.ts', "export * from '../app.ts';", IMPORTS],
  ['orchestrator/src/adapters/http/saga-routes.ts', "export * from '../postgres/read-sagas.ts';", IMPORTS],
  ['orchestrator/src/adapters/http/saga-routes.ts', "export * from '../../app.ts';", IMPORTS],
  ['orchestrator/src/adapters/http/saga-routes.ts', "export * from '@saga/service-kit/database';", IMPORTS],
  ['orchestrator/src/adapters/postgres/saga-store.ts', "export * from '../http/schemas.ts';", IMPORTS],
  ['orchestrator/src/adapters/postgres/saga-store.ts', "export * from '../../main.ts';", IMPORTS],
  ['services/order/src/store.ts', "export * from '@saga/product/store';", IMPORTS],
  ['services/order/src/store.ts', "export * from '@saga/testkit/test-database';", IMPORTS],
  ['services/order/src/store.ts', "export * from './app.ts';", IMPORTS],
  ['services/coupon/src/domain.ts', "export * from './store.ts';", IMPORTS],
  ['packages/service-kit/src/deliver.ts', "export * from '@saga/order/store';", IMPORTS],
  ['packages/messages/src/codec.ts', "export * from '@saga/orchestrator/app';", IMPORTS],
] as const;

const fine = [
  ...CORE.map((file) => [file, "export * from '@saga/messages/message';"] as const),
  ['services/coupon/src/domain.ts', "export * from '@saga/service-kit/participant';"],
  ['services/coupon/src/domain.ts', 'export const dayOf = (ms: number) => new Date(ms).toISOString();'],
  ['services/coupon/src/main.ts', "export * from './app.ts';"],
  ['services/coupon/src/store.ts', "export * from '@saga/prisma/coupon';"],
  ['orchestrator/src/adapters/http/saga-routes.ts', "export * from '../../app/saga-queries.ts';"],
  ['orchestrator/src/saga/transition.unit.spec.ts', "export * from 'node:fs';"],
] as const;

/** Which rules refuse each piece, by the folder that it was laid into. */
let rulesOf: ReadonlyMap<string, readonly string[]>;
beforeAll(() => {
  rulesOf = lint([...refused, ...fine].map(([file, code]) => ({ file, code })));
});

describe('in its place, each rule refuses', () => {
  it.each(refused)('%s: %s', (file, code, rule) => {
    expect(rulesOf.get(keyOf(file, code))).toEqual([rule]);
  });
});

describe('in its place, no rule refuses', () => {
  it.each(fine)('%s: %s', (file, code) => {
    expect(rulesOf.get(keyOf(file, code))).toEqual([]);
  });
});

type Piece = { file: string; code: string };
const keyOf = (file: string, code: string): string => `${file}\n${code}`;

/** Laid into checkouts that hold nothing else but the rules: as many as one file has pieces. */
function lint(pieces: readonly Piece[]): Map<string, string[]> {
  const rules = new Map(pieces.map(({ file, code }) => [keyOf(file, code), [] as string[]]));
  for (const round of rounds(pieces)) for (const [key, rule] of lintRound(round)) rules.get(key)?.push(rule);
  return rules;
}

/** No two pieces of one round are for the same file. */
function rounds(pieces: readonly Piece[]): Piece[][] {
  const made: Piece[][] = [];
  const used = new Map<string, number>();
  for (const piece of pieces) {
    const index = used.get(piece.file) ?? 0;
    used.set(piece.file, index + 1);
    made[index] = [...(made[index] ?? []), piece];
  }
  return made;
}

type Report = { diagnostics: { category: string; location: { path: string } }[] };

function lintRound(pieces: readonly Piece[]): [key: string, rule: string][] {
  const checkout = mkdtempSync(path.join(tmpdir(), 'saga-lint-'));
  try {
    for (const name of ['biome.json', '.gitignore', 'tools/lint'])
      cpSync(path.join(ROOT, name), path.join(checkout, name), { recursive: true });
    for (const { file, code } of pieces) {
      mkdirSync(path.dirname(path.join(checkout, file)), { recursive: true });
      writeFileSync(path.join(checkout, file), `${code}\n`);
    }
    const biome = path.join(ROOT, 'node_modules/.bin/biome');
    const { stdout } = spawnSync(biome, ['lint', '--reporter=json'], { cwd: checkout, encoding: 'utf8' });
    const codes = new Map(pieces.map(({ file, code }) => [file, code]));
    return (JSON.parse(stdout) as Report).diagnostics.map(({ category, location }) => {
      const file = path.relative(checkout, path.resolve(checkout, location.path));
      return [keyOf(file, codes.get(file) ?? ''), category.split('/').at(-1) ?? ''];
    });
  } finally {
    rmSync(checkout, { recursive: true });
  }
}
