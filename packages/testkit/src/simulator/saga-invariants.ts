import { isDeepStrictEqual } from 'node:util';
import { type Incoming, messageIdOf } from '@saga/orchestrator/saga/incoming';
import { type JournalEntry, rebuild } from '@saga/orchestrator/saga/rebuild';
import type { Saga, StepStatus } from '@saga/orchestrator/saga/state';
import { allSagas } from '@saga/orchestrator/sagas/all';
import type { Check } from './invariants.ts';
import { sagasOf } from './standing.ts';
import type { World } from './world.ts';

const DONE: ReadonlySet<StepStatus> = new Set(['SUCCEEDED', 'SKIPPED']);
const UNDONE: ReadonlySet<StepStatus> = new Set(['WAITING', 'SKIPPED', 'REJECTED', 'COMPENSATED']);

/** Every saga has ended, whole, and its journal tells how. */
export function checkSagas(world: World, check: Check): void {
  const journals = journalsOf(world);
  for (const saga of sagasOf(world)) {
    const { id, status } = saga;
    check('every saga has ended', saga.endedAt !== undefined, { id, status, steps: saga.steps });
    check('a saga belongs to an order', world.tables.order.orders.rows.has(id), { id });
    checkSteps(saga, check);
    checkJournal(world, saga, journals.get(id) ?? [], check);
    const isTroubled = world.network.troubled.has(id);
    const isGivenUp = saga.failure?.code === 'STEP_TIMED_OUT';
    check('nobody is given up for being silent', !isGivenUp || isTroubled, { id, failure: saga.failure });
  }
}

function journalsOf({ tables }: World): Map<string, JournalEntry[]> {
  const rows = [...tables.orchestrator.journal.rows.values()].sort((a, b) => a.seq - b.seq);
  const journals = new Map<string, JournalEntry[]>();
  for (const { sagaId, incoming, at } of rows) {
    const entries = journals.get(sagaId) ?? [];
    journals.set(sagaId, [...entries, { incoming: JSON.parse(incoming) as Incoming, at }]);
  }
  return journals;
}

function checkSteps({ id, status, endedAt, steps }: Saga, check: Check): void {
  const settled = status === 'COMPLETED' ? DONE : UNDONE;
  const statuses = Object.entries(steps).map(([name, step]) => [name, step.status] as const);
  const isSettled = endedAt === undefined || statuses.every(([, step]) => settled.has(step));
  check('every step of a saga that has ended is settled', isSettled, { id, status, statuses });
}

function checkJournal(world: World, saga: Saga, journal: readonly JournalEntry[], check: Check): void {
  const { id } = saga;
  const of = (type: Incoming['type']) => journal.filter(({ incoming }) => incoming.type === type);
  const facts = of('fact').map(({ incoming }) => messageIdOf(incoming));
  check('a saga takes a fact once', new Set(facts).size === facts.length, { id, facts });
  const audit = [...world.tables.orchestrator.audit.rows.values()];
  const operated = of('operator').length;
  const audited = audit.filter(({ target }) => target.id === id).length;
  check('what an operator did is in the journal and in the audit', operated === audited, { id, operated, audited });
  const cancellations = world.customers.cancellations.get(id) ?? 0;
  const isKept = cancellations === 0 || of('order-cancel-requested').length > 0 || world.passedOver.has(id);
  check('a cancellation that was answered with 202 reaches its saga', isKept, { id, cancellations });
  const rebuilt: unknown = JSON.parse(JSON.stringify(rebuild(allSagas, journal)));
  check('a saga is what its journal rebuilds', isDeepStrictEqual(rebuilt, saga), { id });
}
