import type { Plan } from './plan.ts';

/** A guard of ours, broken: of each of these texts, which stands once in its file, another takes the place. */
export type Mutant = {
  name: string;
  breaks: readonly Break[];
  /** What the guard is there for: much of it, and the first runs already see what is broken. */
  shownBy: Partial<Plan>;
};
export type Break = { file: string; guard: string; instead: string };

const FOLD = 'packages/service-kit/src/fold.ts';
const DELIVER = 'packages/service-kit/src/deliver.ts';
const OUTBOX = 'packages/service-kit/src/outbox.ts';
const HANDLER = 'packages/service-kit/src/participant-handler.ts';
const STORES = 'packages/testkit/src/memory-stores';
const SAGA = 'orchestrator/src/saga';

/** What must not pass unseen. Stores in memory are broken where PostgreSQL's statement would be. */
export const mutants: readonly Mutant[] = [
  {
    name: 'the inbox is not consulted',
    shownBy: { doubling: 0.3 },
    breaks: [{ file: FOLD, guard: 'const before = known.get(id);', instead: 'const before = undefined as any;' }],
  },
  {
    name: 'the inbox is written only where it has no row yet',
    shownBy: { stall: 0.03, replicas: 2, partitions: 1, doubling: 0.3 },
    breaks: [
      {
        file: `${STORES}/inbox.ts`,
        guard: 'await rows.insert(table, id,',
        instead: 'if (rows.get(table, id) === undefined) await rows.upsert(table, id, () =>',
      },
    ],
  },
  {
    name: 'no fence is written',
    shownBy: { delay: 0.4, cancellations: 1 },
    breaks: [{ file: FOLD, guard: "if (!known.has(actionId)) remember(actionId, 'fenced');", instead: '' }],
  },
  {
    name: 'a fenced action is done',
    shownBy: { delay: 0.4, cancellations: 1 },
    breaks: [
      {
        file: FOLD,
        guard: 'const before = known.get(id);',
        instead: "const entry = known.get(id); const before = entry === 'fenced' ? undefined : entry;",
      },
      {
        file: `${STORES}/inbox.ts`,
        guard: 'await rows.insert(table, id,',
        instead: 'await rows.upsert(table, id, () =>',
      },
    ],
  },
  {
    name: 'a stored reply is not given again',
    shownBy: { crash: 0.02, loss: 0.1 },
    breaks: [{ file: FOLD, guard: 'publish.push(...before.replies);', instead: '' }],
  },
  {
    name: 'a technical failure is stored as the answer',
    shownBy: { technicalFailure: 0.3 },
    breaks: [
      {
        file: HANDLER,
        guard: 'failed: (delivery, reason, now) => failedReply(participant.service, delivery.message, reason, now),',
        instead: `failed: (delivery, reason, now) => {
          const replies = failedReply(participant.service, delivery.message, reason, now);
          const { id } = delivery.message.envelope;
          database.transaction(async (sql) => inboxStore.insert(sql, new Map([[id, { replies }]]))).catch(() => {});
          return replies;
        },`,
      },
    ],
  },
  {
    name: 'a unique violation is no reason to look again',
    shownBy: { stall: 0.03, replicas: 2, partitions: 1 },
    breaks: [{ file: DELIVER, guard: 'isUniqueViolation(error) && reloads', instead: 'false && reloads' }],
  },
  {
    name: "a fault that would pass is the message's",
    shownBy: { databaseFault: 0.05 },
    breaks: [{ file: DELIVER, guard: 'if (isTransient(error)) {', instead: 'if (false) {' }],
  },
  {
    name: 'one bad message makes its whole batch bad',
    shownBy: { technicalFailure: 0.2, maxBatch: 100, orderingMs: 2_000 },
    breaks: [{ file: DELIVER, guard: 'deliveries.length > 1 ? bisect', instead: 'false ? bisect' }],
  },
  {
    name: 'offsets move before the replies are published',
    shownBy: { crash: 0.02 },
    breaks: [
      {
        file: DELIVER,
        guard: 'const refused = await publish([...handled.publish, ...lettersOf(letters)]);',
        instead:
          'const refused: Untakeable[] = []; void clock.pause(10).then(() => publish([...handled.publish, ...lettersOf(letters)]));',
      },
    ],
  },
  {
    name: 'an outbox row is deleted before it is published',
    shownBy: { crash: 0.04, cancellations: 1 },
    breaks: [
      {
        file: OUTBOX,
        guard: 'await broker.publish(messagesOf(rows));\n        void deleting.submit(idsOf(rows));',
        instead: 'void deleting.submit(idsOf(rows));\n        await broker.publish(messagesOf(rows));',
      },
    ],
  },
  {
    name: 'the outbox is not relayed',
    shownBy: { crash: 0.04, brokerFault: 0.2 },
    breaks: [{ file: `${STORES}/outbox.ts`, guard: 'createdAt < rows.now - olderThanMs', instead: 'false' }],
  },
  {
    name: 'a pending order is not announced again',
    shownBy: { loss: 0.2 },
    breaks: [
      { file: 'services/order/src/order-announcer.ts', guard: 'await claim(sql, limits)', instead: '[] as DueOrder[]' },
    ],
  },
  {
    name: 'a replica passes over what comes to an open saga whose definition it does not know',
    shownBy: { rollsOut: true, cancellations: 1 },
    breaks: [
      {
        file: 'orchestrator/src/app/set-aside.ts',
        guard: 'saga.endedAt !== undefined || registry.find(name, version)',
        instead: 'true',
      },
      {
        file: 'orchestrator/src/app/fold-sagas.ts',
        guard: "before && before.status !== 'AWAITED' && before.endedAt !== undefined",
        instead: "before && before.status !== 'AWAITED'",
      },
    ],
  },
  {
    name: 'what was not answered is not undone',
    shownBy: { cancellations: 1 },
    breaks: [
      {
        file: `${SAGA}/back.ts`,
        guard: "compensation === undefined && action.answer?.outcome !== 'rejected'",
        instead: "compensation === undefined && action.answer?.outcome === 'success'",
      },
      {
        file: `${SAGA}/back.ts`,
        guard: "compensation.answer !== undefined : action.answer?.outcome === 'rejected'",
        instead: "compensation.answer !== undefined : action.answer?.outcome !== 'success'",
      },
    ],
  },
  {
    name: 'the pivot is no point of no return',
    shownBy: { acts: 80, cancellations: 1 },
    breaks: [
      { file: `${SAGA}/back.ts`, guard: "return status === 'WAITING' ||", instead: "return status === 'SUCCEEDED' ||" },
    ],
  },
  {
    name: 'a pivot that cannot be undone is turned back while it is under way',
    shownBy: { acts: 80, cancellations: 1 },
    breaks: [
      {
        file: `${SAGA}/back.ts`,
        guard: "(status === 'SENT' && hasCompensation)",
        instead: "status === 'SENT' || hasCompensation",
      },
    ],
  },
  {
    name: 'a completed order can be cancelled',
    shownBy: { acts: 80, cancellations: 1 },
    breaks: [
      {
        file: `${SAGA}/back.ts`,
        guard: "(status === 'SENT' && hasCompensation)",
        instead: "status === 'SENT' || hasCompensation",
      },
      {
        file: `${SAGA}/back.ts`,
        guard: 'if (isToBeUndone(run))',
        instead: 'if (run.compensation === undefined && progress.defined(name).compensation !== undefined)',
      },
      {
        file: `${SAGA}/back.ts`,
        guard: "compensation.answer !== undefined : action.answer?.outcome === 'rejected'",
        instead: 'compensation.answer !== undefined : true',
      },
      {
        file: 'services/order/src/domain.ts',
        guard: "case 'COMPLETED':\n      throw",
        instead: `case 'COMPLETED':
      return { orders: [{ ...order, status: 'CANCELLED', cancelReason: body.reason, endedAt: now }] };
      throw`,
      },
    ],
  },
  {
    name: 'an answer is taken again',
    shownBy: { doubling: 0.3 },
    breaks: [
      {
        file: `${SAGA}/answer.ts`,
        guard: 'if (progress.command(place).answer !== undefined) return false;',
        instead: '',
      },
    ],
  },
  {
    name: 'a late success un-settles a step that is being undone',
    shownBy: { delay: 0.4, cancellations: 1 },
    breaks: [
      {
        file: `${SAGA}/answer.ts`,
        guard: "|| progress.step(place.step).status !== 'SENT') return;",
        instead: ') return;',
      },
    ],
  },
  {
    name: 'a failure of an earlier sending counts',
    shownBy: { technicalFailure: 0.3, delay: 0.3, doubling: 0.5, echo: 0.3 },
    breaks: [{ file: `${SAGA}/answer.ts`, guard: '|| command.attempt !== attempt', instead: '' }],
  },
  {
    name: 'a timeout counts without being overtaken',
    shownBy: { silences: 4, loss: 0, delay: 0, technicalFailure: 0 },
    breaks: [
      {
        file: `${SAGA}/timer.ts`,
        guard: 'return upTo > sentAt && upTo <= progress.now;',
        instead: 'return upTo >= 0;',
      },
    ],
  },
  {
    name: 'a duplicate runs the rest of its chain again',
    shownBy: { doubling: 0.3 },
    breaks: [
      {
        file: `${SAGA}/transition.ts`,
        guard: 'for (const place of openCommands(progress.saga)) {',
        instead: 'for (const place of sentCommands(progress.saga)) {',
      },
      {
        file: `${SAGA}/transition.ts`,
        guard: 'causedBy === progress.cause && next !== undefined',
        instead: 'causedBy !== ""',
      },
    ],
  },
  {
    name: 'a duplicate sends nothing again',
    shownBy: { crash: 0.05, partitions: 4, orders: 5, acts: 0 },
    breaks: [
      {
        file: `${SAGA}/transition.ts`,
        guard: 'causedBy === progress.cause && next !== undefined',
        instead: 'causedBy === ""',
      },
      {
        file: `${SAGA}/timer.ts`,
        guard: 'if (mayProbe.includes(topicOf(definition, place)))',
        instead: 'if (false)',
      },
    ],
  },
  {
    name: 'a saga is loaded without its lock, and saved whatever its version is',
    shownBy: { stall: 0.03, replicas: 2, cancellations: 1 },
    breaks: [
      {
        file: `${STORES}/sagas.ts`,
        guard: 'const locked = await rows.lock(sagas, ids);',
        instead:
          'const locked = new Map(ids.flatMap((id) => { const row = rows.get(sagas, id); return row ? [[id, row] as const] : []; }));',
      },
      { file: `${STORES}/sagas.ts`, guard: '?.version !== expectedVersion)', instead: '?.version === -1)' },
      {
        file: `${STORES}/sagas.ts`,
        guard: '{ ...row, incoming: JSON.stringify(incoming) });',
        instead: '{ ...row, incoming: JSON.stringify(incoming) }).catch(() => {});',
      },
    ],
  },
  {
    name: 'stock is loaded without its locks',
    shownBy: { replicas: 3, partitions: 4, orderingMs: 2_000 },
    breaks: [
      {
        file: `${STORES}/stock.ts`,
        guard: 'return rows.lock(products, [...ordered, ...reserved.map((item) => item.productId)]);',
        instead: 'return new Map(rows.all(products));',
      },
    ],
  },
  {
    name: 'the commit takes no notice of what failed before it',
    shownBy: { databaseFault: 0.05, stall: 0.03 },
    breaks: [
      {
        file: 'packages/testkit/src/memory-database/memory-transaction.ts',
        guard: 'if (this.fault) throw this.fault;\n    await this.#pass',
        instead: 'if (this.fault) return this.rollback();\n    await this.#pass',
      },
    ],
  },
  {
    name: 'what nobody can handle is dropped without a word',
    shownBy: { garbage: 5 },
    breaks: [{ file: DELIVER, guard: '...lettersOf(letters)]', instead: ']' }],
  },
];
