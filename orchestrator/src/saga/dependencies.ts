import type { Steps } from './definition.ts';

/** All that must come before a step, at any distance; the step itself among it where the dependencies are cyclic. */
export function dependenciesOf(steps: Steps, name: string): ReadonlySet<string> {
  const found = new Set<string>();
  const open = [...(steps[name]?.after ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    open.push(...(steps[next]?.after ?? []));
  }
  return found;
}
