import type { Registry } from '../saga/registry.ts';

type InUse = { name: string; version: number; sagas: number; example: string };

/**
 * A version that a saga still runs on cannot be removed.
 *
 * @throws one error that says which versions are missing, how many sagas need each, and one of them.
 */
export function assertDefinitionsKnown(registry: Registry, inUse: readonly InUse[]): void {
  const missing = inUse.filter(({ name, version }) => !registry.find(name, version));
  if (missing.length === 0) return;
  const list = missing.map(
    ({ name, version, sagas, example }) => `${name} v${version} (${sagas} running sagas, such as ${example})`,
  );
  throw new Error(`definitions were removed that sagas still run on: ${list.join(', ')}. Register them again.`);
}
