import { z } from 'zod';

/**
 * A whole number within these bounds, written in plain decimal digits: in a path, a query or the environment, where
 * everything is text. `1e3`, `0x10`, ` 7` and `007` are not.
 */
export function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^(?:0|[1-9]\d{0,15})$/, { error, abort: true })
    .transform(Number)
    .pipe(z.int({ error }).min(min, error).max(max, error));
}
