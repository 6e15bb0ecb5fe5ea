import type { Incoming } from './incoming.ts';
import type { Registry } from './registry.ts';
import type { AwaitedSaga, Instant, Saga } from './state.ts';
import { transition } from './transition.ts';

/** What the journal keeps of a message: enough to take it again. */
export type JournalEntry = { incoming: Incoming; at: Instant };

/**
 * The saga as its journal tells it: the same transitions over the same messages at the same times.
 *
 * @param startedWith the version that the saga started with; the journal does not tell. Without it, the latest.
 */
export function rebuild(
  registry: Registry,
  entries: readonly JournalEntry[],
  startedWith?: Saga['definition'],
): Saga | AwaitedSaga | undefined {
  let saga: Saga | AwaitedSaga | undefined;
  for (const { incoming, at } of entries) {
    const definition = startedWith
      ? registry.find(startedWith.name, startedWith.version)
      : definitionFor(registry, saga, incoming);
    if (!definition) throw new Error(`no definition for ${incoming.type} at ${new Date(at).toISOString()}`);
    saga = transition(definition, saga, incoming, at).saga;
  }
  return saga;
}

/** The version that the saga started with, or the latest of what a new order asks for. */
export function definitionFor(registry: Registry, saga: Saga | AwaitedSaga | undefined, incoming: Incoming) {
  if (saga && saga.status !== 'AWAITED') return registry.find(saga.definition.name, saga.definition.version);
  if (incoming.type === 'order-created') return registry.latest(incoming.message.body.saga);
  // Nothing but an order can start a saga: before it, no rule of any definition applies.
  return registry.definitions[0];
}
