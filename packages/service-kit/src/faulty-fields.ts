import type { z } from 'zod';
import type { FieldError } from './problem.ts';

/**
 * What zod found wrong with a value, as the API says it: a JSON pointer to each faulty field, once per kind of fault;
 * an unknown key is a fault of its own, at that key.
 */
export function faultyFields(value: unknown, issues: readonly z.core.$ZodIssue[]): FieldError[] {
  const faults = new Map<string, FieldError>();
  // The last of a kind is the schema's own bound: z.int() checks against 2^53−1 before it.
  for (const fault of issues.flatMap((issue) => faultsOf(value, issue, [])))
    faults.set(`${fault.pointer} ${fault.code}`, fault);
  return [...faults.values()];
}

type Path = readonly PropertyKey[];

function faultsOf(value: unknown, issue: z.core.$ZodIssue, parent: Path): FieldError[] {
  const path = [...parent, ...issue.path];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        pointer: pointerTo([...path, key]),
        code: 'UNKNOWN_FIELD',
        message: 'is not a field of this request',
      }));
    case 'invalid_union': {
      const closest = issue.errors.toSorted((a, b) => a.length - b.length)[0] ?? [];
      if (closest.length > 0) return closest.flatMap((each) => faultsOf(value, each, path));
      break;
    }
    case 'custom':
      return [{ pointer: pointerTo(path), code: codeOf(issue.params) ?? 'INVALID_VALUE', message: issue.message }];
  }
  const pointer = pointerTo(path);
  if (valueAt(value, path) === undefined)
    return [{ pointer, code: 'REQUIRED', message: pointer === '' ? 'the body is required' : 'is required' }];
  return [{ pointer, code: issue.code.toUpperCase(), message: issue.message }];
}

/** A refinement names its own code: `ctx.addIssue({ code: 'custom', params: { code: 'DUPLICATE_PRODUCT' }, … })`. */
const codeOf = (params: Readonly<Record<string, unknown>> | undefined): string | undefined =>
  typeof params?.code === 'string' ? params.code : undefined;

/** RFC 6901. */
const pointerTo = (path: Path): string =>
  path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = Reflect.get(at, key);
  }
  return at;
}

/** Deeper than any request of ours: what lies below is an unknown field anyhow. */
const MAX_DEPTH = 10;

/** Text that PostgreSQL cannot hold, U+0000 or half of a surrogate pair: it must not get past the edge (trap 9). */
export function unstorableText(value: unknown): FieldError[] {
  const faults: FieldError[] = [];
  const path: string[] = [];
  const look = (at: unknown): void => {
    if (typeof at === 'string') {
      if (at.isWellFormed() && !at.includes('\u0000')) return;
      const message = 'must not hold U+0000 or half of a surrogate pair';
      faults.push({ pointer: pointerTo(path), code: 'UNSTORABLE_TEXT', message });
    } else if (typeof at === 'object' && at !== null && path.length < MAX_DEPTH)
      for (const [key, each] of Object.entries(at)) {
        path.push(key);
        look(each);
        path.pop();
      }
  };
  look(value);
  return faults;
}
