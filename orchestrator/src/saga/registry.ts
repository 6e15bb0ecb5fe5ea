import type { Definition } from './definition.ts';

export interface Registry {
  readonly definitions: readonly Definition[];
  /** The version that a new saga starts with; undefined where the name is not known. */
  latest(name: string): Definition | undefined;
  find(name: string, version: number): Definition | undefined;
}

/** @throws where the same version of a saga is registered twice. */
export function createRegistry(definitions: readonly Definition[]): Registry {
  const byVersion = new Map<string, Definition>();
  for (const definition of definitions) {
    const key = keyOf(definition.name, definition.version);
    if (byVersion.has(key)) throw new Error(`saga ${key} is registered twice`);
    byVersion.set(key, definition);
  }
  return {
    definitions,
    latest: (name) =>
      definitions
        .filter((definition) => definition.name === name)
        .reduce<Definition | undefined>(
          (latest, each) => (latest && latest.version > each.version ? latest : each),
          undefined,
        ),
    find: (name, version) => byVersion.get(keyOf(name, version)),
  };
}

const keyOf = (name: string, version: number): string => `${name} v${version}`;
