/** A guard of ours, broken: of each of these texts, which stands once in its file, another takes the place. */
export type Mutant = { name: string; breaks: readonly Break[] };
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
    breaks: [{ file: FOLD, guard: 'const before = known.get(id);', instead: 'const before = undefined as any;' }],
  },
  {
    name: 'the inbox is written only where it has no row yet',
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
    breaks: [{ file: FOLD, guard: "if (!known.has(actionId)) remember(actionId, 'fenced');", instead: '' }],
  },
  {
    name: 'a fenced action is done',
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
    breaks: [{ file: FOLD, guard: 'publish.push(...before.replies);', instead: '' }],
  },
  {
    name: 'a technical failure is stored as the answer',
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
    breaks: [{ file: DELIVER, guard: 'isUniqueViolation(error) && reloads', instead: 'false && reloads' }],
  },
  {
    name: "a fault that would pass is the message's",
    breaks: [{ file: DELIVER, guard: 'if (isTransient(error)) {', instead: 'if (false) {' }],
  },
  {
    name: 'one bad message makes its whole batch bad',
    breaks: [{ file: DELIVER, guard: 'deliveries.length > 1 ? bisect', instead: 'false ? bisect' }],
  },
  {
    name: 'offsets move before the replies are published',
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
    breaks: [
      {
        file: OUTBOX,
        guard: 'await broker.publish(messagesOf(rows));\n        await store.delete(database, idsOf(rows));',
        instead: 'await store.delete(database, idsOf(rows));\n        await broker.publish(messagesOf(rows));',
      },
    ],
  },
  {
    name: 'the outbox is not relayed',
    breaks: [{ file: `${STORES}/outbox.ts`, guard: 'createdAt < rows.now - olderThanMs', instead: 'false' }],
  },
  {
    name: 'a pending order is not announced again',
    breaks: [
      { file: 'services/order/src/order-announcer.ts', guard: 'await claim(sql, limits)', instead: '[] as DueOrder[]' },
    ],
  },
  {
    name: 'what was not answered is not undone',
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
    breaks: [
      { file: `${SAGA}/back.ts`, guard: "return status === 'WAITING' ||", instead: "return status === 'SUCCEEDED' ||" },
    ],
  },
  {
    name: 'a pivot that cannot be undone is turned back while it is under way',
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
    breaks: [
      {
        file: `${SAGA}/back.ts`,
        guard: "(status === 'SENT' && hasCompensation)",
        instead: "status === 'SENT' || hasCompensation",
      },
      {
        file: 'services/order/src/domain.ts',
        guard: 'throw new Error(`order ${order.orderId} is completed and cannot be cancelled`);',
        instead: "return { orders: [{ ...order, status: 'CANCELLED', cancelReason: body.reason, endedAt: now }] };",
      },
    ],
  },
  {
    name: 'an answer is taken again',
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
    breaks: [{ file: `${SAGA}/answer.ts`, guard: '|| command.attempt !== attempt', instead: '' }],
  },
  {
    name: 'a timeout counts without being overtaken',
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
    breaks: [
      {
        file: `${SAGA}/transition.ts`,
        guard: 'causedBy === progress.cause && next !== undefined',
        instead: 'causedBy === ""',
      },
      {
        file: `${SAGA}/timer.ts`,
        guard: 'if (mayProbe.includes(topicOf(progress.definition, place)))',
        instead: 'if (false)',
      },
    ],
  },
  {
    name: 'a saga is loaded without its lock, and saved whatever its version is',
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
    breaks: [
      {
        file: 'packages/testkit/src/memory-database/memory-transaction.ts',
        guard: 'if (this.fault) throw this.fault;\n    await this.#pass',
        instead: 'if (this.fault) return this.rollback();\n    await this.#pass',
      },
    ],
  },
];
