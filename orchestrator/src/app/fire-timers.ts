import { newRequestId } from '@saga/messages/ids';
import type { Message } from '@saga/messages/message';
import type { Clock } from '@saga/service-kit/clock';
import type { Outbox } from '@saga/service-kit/outbox';
import type { Logger } from 'pino';
import { topicOf } from '../saga/command-message.ts';
import type { TimerMessage } from '../saga/incoming.ts';
import { openCommands } from '../saga/progress.ts';
import type { Registry } from '../saga/registry.ts';
import type { Instant, Saga } from '../saga/state.ts';
import { NEVER, type WakeUps, wakeUpsOf } from '../saga/timer.ts';
import { foldSagas } from './fold-sagas.ts';
import { ProbeBudget } from './probe-budget.ts';
import type { JournalRow, SagaChange, SagaStore } from './saga-store.ts';

/**
 * Sagas whose time has come are taken in chunks, by whichever replica finds them first: all that are due, and beside
 * them some of those that wait for a silent participant.
 */
const CHUNK = { due: 200, silent: 50 };
/** After a chunk that brought no news: a participant is silent. The less, the later is what is due. */
const REST_MS = 500;
/** Later than this there is no rest and no look beside it: a retry would wait ever longer behind what falls silent. */
const LATE_MS = 5_000;
const DAY_MS = 24 * 60 * 60 * 1_000;
/** So long a saga is left alone on which the engine has failed. */
const PUT_OFF_MS = 10 * 60 * 1_000;

export type TimerOptions = {
  registry: Registry;
  store: SagaStore;
  outbox: Outbox;
  clock: Clock;
  /** A command older than this is never sent again: the inboxes may have forgotten it. */
  inboxDays: number;
  logger: Logger;
  /** Told how many commands were sent again, once that is committed. */
  resent?: (commands: number) => void;
  /** Told of every saga on which the engine fails. */
  putOff?: () => void;
};

/** What was first sent before this moment may be forgotten by the inboxes. */
export const expiredBefore = (now: Instant, inboxDays: number): Instant => now - inboxDays * DAY_MS;

/**
 * Fires what is due, chunk by chunk, until it is to stop (trap 17); returns how many sagas were woken. Where a hundred
 * thousand wait for a silent participant, those that are to be looked at take turns, a few with each chunk: they delay
 * nothing that is due, and leave most of the time to the orders that flow. While looks bring news (a command was overtaken,
 * or is due to probe), or what is due is late, one chunk follows the other.
 */
export async function fireTimers(options: TimerOptions, stopping?: AbortSignal): Promise<number> {
  let woken = 0;
  let looks = CHUNK.silent;
  while (!stopping?.aborted) {
    const { due, silent, isNews, lateMs } = await fireChunk(options, { due: CHUNK.due, silent: looks });
    woken += due + silent;
    const isMore = due === CHUNK.due;
    if (!isMore && silent < looks) break;
    looks = isMore && lateMs > LATE_MS ? 0 : CHUNK.silent;
    const restMs = isNews ? 0 : REST_MS * Math.max(0, 1 - lateMs / LATE_MS);
    if (restMs > 0) await options.clock.pause(restMs, stopping).catch(() => {}); // a stop ends the loop
  }
  return woken;
}

type FiredChunk = {
  due: number;
  silent: number;
  isNews: boolean;
  /** How long the first of what was due had been so. */
  lateMs: number;
};

/** No message caused what a timer sends: it goes through the outbox. */
async function fireChunk(options: TimerOptions, limits: typeof CHUNK): Promise<FiredChunk> {
  const { sent, ...chunk } = await options.outbox.transaction(async (sql) => {
    const { registry, store } = options;
    const { now, dueSince, due, silent } = await store.claimDue(sql, registry.definitions, limits);
    const lateMs = now - dueSince;
    const claimed = [...due.values(), ...silent.values()];
    if (claimed.length === 0) return { result: { due: 0, silent: 0, isNews: false, lateMs, sent: [] }, messages: [] };
    const partitions = [...new Set(claimed.map((saga) => saga.partition))];
    const budget = new ProbeBudget(await store.loadProgress(sql, partitions), now);
    const fired = claimed.map((saga) => fireOrPutOff(options, budget, saga, now));
    store.save(sql, {
      changes: fired.flatMap(({ changes }) => changes),
      journal: fired.flatMap(({ journal }) => journal),
      answered: [],
    });
    store.setWakeUps(sql, new Map(fired.map(({ id, wakeUps }) => [id, wakeUps])));
    store.countProbes(sql, budget.spent);
    const messages = fired.flatMap(({ sent }) => sent);
    const looked = fired.slice(due.size);
    const isNews = looked.some(({ changes }) => changes.length > 0) || (due.size === CHUNK.due && messages.length > 0);
    return { result: { due: due.size, silent: silent.size, isNews, lateMs, sent: messages }, messages };
  });
  options.resent?.(sent.filter(({ envelope }) => (envelope.attempt ?? 1) > 1).length);
  return chunk;
}

type Fired = {
  id: string;
  changes: SagaChange[];
  journal: JournalRow[];
  sent: Message[];
  wakeUps: WakeUps;
};

/** A saga on which the engine fails is a bug to be told of, and must not stop the clock of all others. */
function fireOrPutOff(options: TimerOptions, budget: ProbeBudget, saga: Saga, now: Instant): Fired {
  try {
    return fire(options, budget, saga, now);
  } catch (error) {
    const text = 'the timer of this saga failed and is put off: its state and this error belong to the maintainers';
    options.putOff?.();
    options.logger.error({ sagaId: saga.id, err: error, putOffMs: PUT_OFF_MS }, text);
    return { id: saga.id, changes: [], journal: [], sent: [], wakeUps: { ...NEVER, wakeAt: now + PUT_OFF_MS } };
  }
}

function fire({ registry, inboxDays }: TimerOptions, budget: ProbeBudget, saga: Saga, now: Instant): Fired {
  const definition = registry.find(saga.definition.name, saga.definition.version);
  if (!definition) throw new Error(`saga ${saga.id} runs on a definition that is not known here`);
  const topics = openCommands(saga).map((place) => topicOf(definition, place));
  const incoming: TimerMessage = {
    type: 'timer',
    id: newRequestId(),
    ...budget.of(topics, saga.partition),
    expiredBefore: expiredBefore(now, inboxDays),
  };
  const folded = foldSagas(registry, new Map([[saga.id, saga]]), [{ sagaId: saga.id, incoming }], now);
  budget.spend(incoming, saga.partition, folded.sent);
  const [change] = folded.changes;
  return {
    id: saga.id,
    changes: folded.changes,
    journal: folded.journal,
    sent: folded.sent,
    wakeUps: change ? { wakeAt: change.wakeAt, lookAt: change.lookAt } : wakeUpsOf(definition, saga, now),
  };
}
