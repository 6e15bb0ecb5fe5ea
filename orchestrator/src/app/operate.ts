import { commands } from '@saga/messages/commands';
import { newRequestId } from '@saga/messages/ids';
import type { Message } from '@saga/messages/message';
import { faultyFields } from '@saga/service-kit/faulty-fields';
import type { Outbox } from '@saga/service-kit/outbox';
import { type FieldError, notFound, Problem, unavailable, unprocessable } from '@saga/service-kit/problem';
import { z } from 'zod';
import { stillToUndo } from '../saga/back.ts';
import { topicOf } from '../saga/command-message.ts';
import { type Definition, stepOf } from '../saga/definition.ts';
import { effectOf } from '../saga/effect.ts';
import type { Act, OperatorMessage } from '../saga/incoming.ts';
import type { Option, Refusal } from '../saga/operator.ts';
import type { Registry } from '../saga/registry.ts';
import type { AwaitedSaga, Instant, Saga } from '../saga/state.ts';
import { type Transition, transition } from '../saga/transition.ts';
import type { AppendAudit } from './audit.ts';
import { expiredBefore } from './fire-timers.ts';
import { foldSagas } from './fold-sagas.ts';
import type { StoredSaga } from './saga-queries.ts';
import type { SagaStore } from './saga-store.ts';

const UNKNOWN_DEFINITION_RETRY_S = 5;

/** Who acts, why, and on which version of the saga: 409 where it has moved on since. */
export type By = { actor: string; reason: string; expectedVersion: number };

export type OperateOptions = {
  registry: Registry;
  store: SagaStore;
  outbox: Outbox;
  appendAudit: AppendAudit;
  inboxDays: number;
};

/**
 * An operator acts on a saga: the change, what it sends, the journal and the audit are one commit.
 *
 * @returns the saga as it is after, and when it is woken.
 * @throws Problem 404, 409 (it has moved on), 422 (not possible: says what is), 503 (its definition is unknown here).
 */
export function operate(options: OperateOptions, sagaId: string, act: Act, by: By): Promise<StoredSaga> {
  const { registry, store, outbox, appendAudit, inboxDays } = options;
  return outbox.transaction(async (sql) => {
    const { now, sagas } = await store.load(sql, [sagaId]);
    const saga = knownSaga(sagaId, sagas.get(sagaId));
    const definition = definitionOf(registry, saga);
    const incoming = messageFrom(act, by, now, inboxDays);
    const { saga: after } = taken(definition, saga, incoming, now);
    const folded = foldSagas(registry, sagas, [{ sagaId, incoming }], now);
    store.save(sql, folded);
    const detail = {
      act,
      version: after.version,
      effect: folded.journal.flatMap(({ effect }) => effect),
      sent: folded.sent.map(({ envelope }) => envelope.id),
    };
    const { actor, reason } = by;
    appendAudit(sql, [{ actor, action: act.action, target: { kind: 'saga', id: sagaId }, reason, detail }]);
    const [change] = folded.changes;
    const stored = { saga: after, wakeAt: change?.wakeAt ?? null, lookAt: change?.lookAt ?? null };
    return { result: stored, messages: folded.sent };
  });
}

export type Preview = {
  expectedVersion: number;
  saga: Saga;
  effect: string[];
  sends: readonly Message[];
  /** The compensations that wait for others, the last one last; who is refused in the meantime needs none. */
  undoneLater: { step: string; command: string }[];
};

/**
 * What an action would do to the saga as it is now. Nothing is changed.
 *
 * @throws Problem as `operate` does.
 */
export function previewOf(options: OperateOptions, sagaId: string, act: Act): Promise<Preview> {
  const { registry, store, outbox, inboxDays } = options;
  return outbox.transaction(async (sql) => {
    const { now, sagas } = await store.load(sql, [sagaId]);
    const saga = knownSaga(sagaId, sagas.get(sagaId));
    const by: By = { actor: 'preview', reason: 'preview', expectedVersion: saga.version };
    const definition = definitionOf(registry, saga);
    const after = taken(definition, saga, messageFrom(act, by, now, inboxDays), now);
    const result = {
      expectedVersion: saga.version,
      saga: after.saga,
      effect: effectOf(saga, after.saga),
      sends: after.sent,
      undoneLater: stillToUndo(definition, after.saga).map((step) => ({
        step,
        command: topicOf(definition, { step, operation: 'compensation' }),
      })),
    };
    return { result, messages: [] };
  });
}

const messageFrom = (act: Act, by: By, now: Instant, inboxDays: number): OperatorMessage => ({
  type: 'operator',
  id: newRequestId(),
  act,
  ...by,
  expiredBefore: expiredBefore(now, inboxDays),
});

function taken(
  definition: Definition,
  saga: Saga,
  message: OperatorMessage,
  now: Instant,
): Transition & { saga: Saga } {
  assertInputFits(definition, message.act);
  const result = transition(definition, saga, message, now);
  if (result.refused) throw refusal(result.refused);
  return { ...result, saga: knownSaga(saga.id, result.saga) };
}

function knownSaga(id: string, saga: Saga | AwaitedSaga | undefined): Saga {
  if (!saga || saga.status === 'AWAITED') throw notFound(`there is no saga ${id}: its order is not known here (yet)`);
  return saga;
}

function definitionOf(registry: Registry, { id, definition: { name, version } }: Saga): Definition {
  const definition = registry.find(name, version);
  if (definition) return definition;
  throw unavailable(
    `saga ${id} runs on ${name} v${version}, which this replica does not know: ask a newer one`,
    UNKNOWN_DEFINITION_RETRY_S,
  );
}

/** An edited input is what the step's command says, whole, without the order's id. */
function assertInputFits(definition: Definition, act: Act): void {
  if (act.action !== 'retry' || act.input === undefined) return;
  if (act.step === undefined) throw unprocessable([at('/step', 'REQUIRED', 'is required with an input')]);
  if (!definition.steps.has(act.step)) return; // refused as an action, with what is possible
  const { command } = stepOf(definition, act.step);
  if (command === undefined) return;
  const { orderId: _order, ...fields } = commands[command].shape;
  const parsed = z.strictObject(fields).safeParse(act.input);
  if (parsed.success) return;
  const faults = faultyFields(act.input, parsed.error.issues);
  throw unprocessable(faults.map((fault) => ({ ...fault, pointer: `/input${fault.pointer}` })));
}

const at = (pointer: string, code: string, message: string): FieldError => ({ pointer, code, message });

function refusal({ why, message, options }: Refusal): Problem {
  const possible =
    options.length === 0 ? 'Nothing is possible now' : `Possible now: ${options.map(inWords).join(', ')}`;
  const extensions = { allowed: options };
  return why === 'stale'
    ? new Problem(409, 'STALE_VERSION', message, { extensions })
    : new Problem(422, 'NOT_ALLOWED', `${message}. ${possible}`, { extensions });
}

const inWords = ({ action, step, takesInput, needsEvidence }: Option): string =>
  [action, step, takesInput && '(also with an input)', needsEvidence && '(with evidence)'].filter(Boolean).join(' ');
