import type { Message } from '@saga/messages/message';
import type { Reason } from '@saga/messages/reasons';
import type { Definition } from '../saga/definition.ts';
import { effectOf } from '../saga/effect.ts';
import type { Incoming } from '../saga/incoming.ts';
import { definitionFor } from '../saga/rebuild.ts';
import type { Registry } from '../saga/registry.ts';
import type { AwaitedSaga, Instant, Saga } from '../saga/state.ts';
import { NEVER, wakeUpsOf } from '../saga/timer.ts';
import { transition } from '../saga/transition.ts';
import type { AnsweredUpTo, JournalRow, SagaChange } from './saga-store.ts';

export type Addressed = { sagaId: string; incoming: Incoming };

/** What a batch of messages makes of the sagas that it touches. */
export type FoldedSagas = {
  changes: SagaChange[];
  journal: JournalRow[];
  answered: AnsweredUpTo[];
  sent: Message[];
  /** The messages that have no place in their saga, by their index in the batch. */
  dead: { index: number; reason: Reason }[];
};

/** Folds a batch over the sagas that it touches, one message at a time; their definitions are known here. Pure. */
export function foldSagas(
  registry: Registry,
  loaded: ReadonlyMap<string, Saga | AwaitedSaga>,
  batch: readonly Addressed[],
  now: Instant,
): FoldedSagas {
  const current = new Map(loaded);
  const touched = new Map<string, Definition>();
  const answered = new Map<string, AnsweredUpTo>();
  const folded: FoldedSagas = { changes: [], journal: [], answered: [], sent: [], dead: [] };

  batch.forEach(({ sagaId, incoming }, index) => {
    const before = current.get(sagaId);
    const definition = definitionFor(registry, before, incoming);
    if (!definition) {
      // Whatever comes once a saga has ended, nothing is sent: its definition may be gone by then. Without it nothing is
      // taken down either, not in the journal and not as a dead letter (ADR 19).
      if (before && before.status !== 'AWAITED' && before.endedAt !== undefined) return;
      const isRunning = before !== undefined && before.status !== 'AWAITED';
      if (incoming.type !== 'order-created' || isRunning)
        throw new Error(`saga ${sagaId} runs on a definition that is not known here`);
      const { saga } = incoming.message.body;
      const message = `no definition ${saga} has been deployed since the order was placed`;
      folded.dead.push({ index, reason: { code: 'UNKNOWN_DEFINITION', message } });
      return;
    }
    const result = transition(definition, before, incoming, now);
    folded.sent.push(...result.sent);
    if (result.dead) folded.dead.push({ index, reason: result.dead });
    if (result.answered) {
      const { topic, sentAt } = result.answered;
      const partition = before?.partition ?? 0;
      const key = `${topic}/${partition}`;
      const upTo = Math.max(sentAt, answered.get(key)?.upTo ?? 0);
      answered.set(key, { topic, partition, upTo });
    }
    if (!result.accepted || !result.saga) return;
    current.set(sagaId, result.saga);
    touched.set(sagaId, definition);
    folded.journal.push({
      sagaId,
      seq: result.saga.version,
      at: now,
      incoming,
      effect: effectOf(before, result.saga),
      sent: result.sent,
    });
  });

  for (const [sagaId, definition] of touched) {
    const saga = current.get(sagaId);
    if (!saga) continue;
    const wakeUps = saga.status === 'AWAITED' ? NEVER : wakeUpsOf(definition, saga, now);
    folded.changes.push({ saga, expectedVersion: loaded.get(sagaId)?.version, ...wakeUps });
  }
  folded.answered.push(...answered.values());
  return folded;
}
