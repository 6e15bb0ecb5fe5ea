import { balanceParticipant } from '@saga/balance/participant';
import { couponParticipant } from '@saga/coupon/participant';
import { deliveryParticipant } from '@saga/delivery/participant';
import type { AuditEntry } from '@saga/orchestrator/app/audit';
import { fireTimers } from '@saga/orchestrator/app/fire-timers';
import { messageHandler } from '@saga/orchestrator/app/message-handler';
import { type By, operate } from '@saga/orchestrator/app/operate';
import type { Act } from '@saga/orchestrator/saga/incoming';
import { createRegistry } from '@saga/orchestrator/saga/registry';
import { allSagas } from '@saga/orchestrator/sagas/all';
import { placeOrder } from '@saga/orchestrator/sagas/place-order';
import { reserveOrder } from '@saga/orchestrator/sagas/reserve-order';
import { createOrderAnnouncer } from '@saga/order/order-announcer';
import { requestCancellation } from '@saga/order/order-cancellation';
import { createOrderPlacement, type OrderPlacement } from '@saga/order/order-placement';
import { orderParticipant } from '@saga/order/participant';
import { platformParticipant } from '@saga/platform/participant';
import { productParticipant } from '@saga/product/participant';
import type { Broker } from '@saga/service-kit/broker';
import type { Clock } from '@saga/service-kit/clock';
import type { Sql } from '@saga/service-kit/database';
import type { DeliveryHandler } from '@saga/service-kit/delivery';
import type { Outbox } from '@saga/service-kit/outbox';
import type { Participant } from '@saga/service-kit/participant';
import { participantHandler } from '@saga/service-kit/participant-handler';
import type { Logger } from 'pino';
import { type MemoryConnections, send } from '../memory-database/memory-database.ts';
import { memoryBooks } from '../memory-stores/books.ts';
import { memoryInbox } from '../memory-stores/inbox.ts';
import { memoryLedger } from '../memory-stores/ledger.ts';
import { memoryClaimPending, memoryFindOrder, memoryOrders, memoryPlacements } from '../memory-stores/orders.ts';
import { memorySagas } from '../memory-stores/sagas.ts';
import { memoryShipping } from '../memory-stores/shipping.ts';
import { memoryStock } from '../memory-stores/stock.ts';
import { memoryWallet } from '../memory-stores/wallet.ts';
import type { Tables } from './tables.ts';
import { watchingPassedOver } from './watch-passed-over.ts';
import { watchingResends } from './watch-resends.ts';

export const INBOX_DAYS = 30;
const ANNOUNCE_AFTER_MS = 60_000;

/** What a replica knows that was deployed before the newest definition was written (trap 30). */
const sagasOfBefore = createRegistry([placeOrder, reserveOrder]);

/** What a replica has at hand when it starts. */
export type Context = {
  /** It does not know the newest definition. */
  isOld: boolean;
  tables: Tables;
  connections: MemoryConnections;
  broker: Broker;
  outbox: Outbox;
  clock: Clock;
  logger: Logger;
  /** The database's clock, in milliseconds. */
  now: () => number;
  /** Tells of what must never happen. */
  complain: (complaint: string, detail: string) => void;
  /** Notes that a cancellation came after its saga's end, to a replica that takes down nothing of it. */
  passOver: (sagaId: string) => void;
  /** Lets messages fail for technical reasons. */
  failing: <Rows>(participant: Participant<Rows>) => Participant<Rows>;
};

/** What is done every so often. Nothing happens where nothing is due, so that it need not be tried. */
export type Task = { name: string; everyMs: number; isDue: () => boolean; run: () => Promise<unknown> };

/** What customers reach over HTTP. */
export type Counter = {
  place: OrderPlacement['place'];
  cancel(orderId: string): Promise<unknown>;
};

/** What operators reach over HTTP. */
export type Office = { operate(sagaId: string, act: Act, by: By): Promise<unknown> };

export type Wired = { handler: DeliveryHandler; tasks: readonly Task[]; counter?: Counter; office?: Office };

/** Every service as its `app.ts` puts it together, on stores in memory. */
export const services: { readonly [Service in keyof Tables]: (context: Context) => Wired } = {
  orchestrator: ({ isOld, tables: { orchestrator }, connections, outbox, clock, logger, now, complain, passOver }) => {
    const registry = isOld ? sagasOfBefore : allSagas;
    const store = memorySagas(orchestrator);
    const isDue = () =>
      orchestrator.sagas.rows.values().some((row) => [row.wakeAt, row.lookAt].some((at) => at && at <= now()));
    const shell = { registry, store, outbox, inboxDays: INBOX_DAYS, logger };
    const run = () => fireTimers({ ...shell, clock });
    const appendAudit = (sql: Sql, entries: readonly AuditEntry[]): void =>
      send(sql, async (rows) => {
        for (const entry of entries) await rows.insert(orchestrator.audit, rows.nextId(), entry);
      });
    const handler = messageHandler(registry, store, connections);
    return {
      handler: watchingPassedOver(watchingResends(handler, orchestrator, complain), registry, orchestrator, passOver),
      tasks: [{ name: 'timers', everyMs: 1_000, isDue, run }],
      office: { operate: (sagaId, act, by) => operate({ ...shell, appendAudit }, sagaId, act, by) },
    };
  },
  order: ({ tables: { order }, connections, outbox, clock, logger, now, failing }) => {
    const store = memoryPlacements(order);
    const placement = createOrderPlacement({ outbox, announceAfterMs: ANNOUNCE_AFTER_MS, store, clock });
    const announcer = createOrderAnnouncer({
      outbox,
      claim: memoryClaimPending(order),
      announceAfterMs: ANNOUNCE_AFTER_MS,
      inboxDays: INBOX_DAYS,
      metrics: { announcedAgain: () => {} },
      logger,
    });
    const isDue = () => order.orders.rows.values().some(({ announceAt }) => announceAt !== null && announceAt <= now());
    const participant = failing({ ...orderParticipant, ...memoryOrders(order) });
    return {
      handler: participantHandler(participant, connections, memoryInbox(order.inbox)),
      tasks: [{ name: 'announcer', everyMs: 5_000, isDue, run: announcer }],
      counter: {
        place: placement.place,
        cancel: (orderId) => requestCancellation(outbox, orderId, null, memoryFindOrder(order)),
      },
    };
  },
  product: ({ tables: { product }, connections, failing }) => {
    const participant = failing({ ...productParticipant, ...memoryStock(product) });
    return { handler: participantHandler(participant, connections, memoryInbox(product.inbox)), tasks: [] };
  },
  balance: ({ tables: { balance }, connections, failing }) => {
    const participant = failing({ ...balanceParticipant, ...memoryLedger(balance) });
    return { handler: participantHandler(participant, connections, memoryInbox(balance.inbox)), tasks: [] };
  },
  coupon: ({ tables: { coupon }, connections, failing }) => {
    const participant = failing({ ...couponParticipant, ...memoryWallet(coupon) });
    return { handler: participantHandler(participant, connections, memoryInbox(coupon.inbox)), tasks: [] };
  },
  delivery: ({ tables: { delivery }, connections, failing }) => {
    const participant = failing({ ...deliveryParticipant, ...memoryShipping(delivery) });
    return { handler: participantHandler(participant, connections, memoryInbox(delivery.inbox)), tasks: [] };
  },
  platform: ({ tables: { platform }, connections, failing }) => {
    const participant = failing({ ...platformParticipant({ dispatching: true }), ...memoryBooks(platform) });
    return { handler: participantHandler(participant, connections, memoryInbox(platform.inbox)), tasks: [] };
  },
};
