import type { Definition } from '../definition.ts';
import type { Instant, Saga } from '../state.ts';
import { wakeUpsOf } from '../timer.ts';

/** When the clock next comes to a saga, for whatever reason; undefined when never. */
export function wokenAt(definition: Definition, saga: Saga, now: Instant): Instant | undefined {
  const { wakeAt, lookAt } = wakeUpsOf(definition, saga, now);
  return wakeAt === undefined || lookAt === undefined ? (wakeAt ?? lookAt) : Math.min(wakeAt, lookAt);
}
