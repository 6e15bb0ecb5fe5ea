import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Mutant } from './mutants.ts';

const MARK = 'mutant';
const ROOT = new URL('../../../../', import.meta.url).href;
const loading = new Map<string, { mutant: Mutant; applied: Set<string> }>();

/**
 * Loads a module, and all of ours that it imports, anew with some guards broken in their sources: nothing in production
 * code knows of it.
 *
 * @throws where a guard does not stand (any more) exactly once in its file.
 */
export async function importMutated(module: URL, mutant: Mutant): Promise<unknown> {
  const applied = new Set<string>();
  loading.set(mutant.name, { mutant, applied });
  const imported: unknown = await import(`${module.href}?${MARK}=${encodeURIComponent(mutant.name)}`);
  for (const { file } of mutant.breaks)
    if (!applied.has(file)) throw new Error(`mutant "${mutant.name}": ${file} is not imported`);
  return imported;
}

const isOurs = (url: string): boolean => url.startsWith(ROOT) && !url.includes('/node_modules/');

const mutantOf = (url: string) => loading.get(new URL(url).searchParams.get(MARK) ?? '');

registerHooks({
  resolve: (specifier, context, next) => {
    const resolved = next(specifier, context);
    const { parentURL } = context;
    if (parentURL === undefined || !mutantOf(parentURL) || !isOurs(resolved.url)) return resolved;
    return { ...resolved, url: resolved.url + new URL(parentURL).search };
  },
  load: (url, context, next) => {
    const loaded = next(url, context);
    const found = mutantOf(url);
    if (!found) return loaded;
    const path = fileURLToPath(url.split('?')[0] ?? url);
    let source = String(loaded.source);
    for (const { file, guard, instead } of found.mutant.breaks) {
      if (path !== fileURLToPath(new URL(file, ROOT))) continue;
      const parts = source.split(guard);
      if (parts.length !== 2)
        throw new Error(
          `mutant "${found.mutant.name}": its guard stands ${parts.length - 1} times in ${file}, not once: ${guard}`,
        );
      source = parts.join(instead);
      found.applied.add(file);
    }
    return { ...loaded, source };
  },
});
