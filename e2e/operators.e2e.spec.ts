import { violations } from '@saga/testkit/invariants';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Installation, install } from './installation.ts';
import { journalMismatches } from './journal.ts';
import { Shop } from './shop.ts';

/** An operator and a customer act on real sagas, at any moment of their lives. */
type Acted = { status: string; paused: boolean; version: number; waitingFor: { step: string; why: string }[] };
type HistoryEntry = { message: { type: string }; sent: string[]; actor: string | null };
type Allowed = { action: string; step?: string };

const ORDERS = 40;
const ADA_SAYS = 'ticket 4711';

let installation: Installation;
let shop: Shop;
let userId: number;
let productId: number;

beforeAll(async () => {
  installation = await install();
  shop = new Shop(installation.urls);
  userId = await shop.user({ balance: 1_000_000_000 });
  productId = await shop.product({ stock: 10_000 });
});
afterAll(() => installation?.uninstall());

const placed = async (): Promise<string> => {
  const { status, body } = await shop.order({ userId, productId, quantity: 1 });
  expect(status).toBe(202);
  return body.orderId;
};

const saga = (id: string) => shop.get<Acted & { allowed: Allowed[] }>('orchestrator', `/sagas/${id}`);

const act = (id: string, action: string, expectedVersion: number, more: object = {}) =>
  shop.send<Acted>('orchestrator', 'POST', `/sagas/${id}/${action}`, { reason: ADA_SAYS, expectedVersion, ...more });

const history = async (id: string): Promise<HistoryEntry[]> =>
  (await shop.get<{ items: HistoryEntry[] }>('orchestrator', `/sagas/${id}/history`)).items;

const waitingForBalance = (id: string) =>
  shop.until(
    () => saga(id),
    ({ waitingFor }) => waitingFor[0]?.step === 'balance',
    'the saga to wait for balance',
  );

async function expectAllWell(): Promise<void> {
  await shop.until(
    () => violations(installation.databaseUrl),
    (broken) => broken.length === 0,
    'every invariant to hold',
  );
  expect(await journalMismatches(installation.databaseUrl), 'sagas that differ from their journal').toEqual([]);
}

test('a paused saga sends nothing though its participant answers, says whose pause it is, and goes on when resumed', async () => {
  await installation.stack.stop(['balance']);
  const id = await placed();
  const { version } = await waitingForBalance(id);
  const paused = await act(id, 'pause', version);
  expect(paused).toMatchObject({ status: 200, body: { paused: true, version: version + 1 } });
  expect(paused.body.waitingFor[0]?.why).toMatch(/^paused since .* by .*: ticket 4711$/);

  await installation.stack.start(['balance']);
  const answered = await shop.until(
    () => saga(id),
    ({ waitingFor }) => waitingFor[0]?.step === 'delivery',
    'the answer to be recorded',
  );
  expect(answered).toMatchObject({ status: 'RUNNING', paused: true });
  expect((await history(id)).at(-1)).toMatchObject({ message: { type: 'balance-deducted' }, sent: [] });

  expect(await act(id, 'resume', answered.version)).toMatchObject({ status: 200, body: { paused: false } });
  expect(await shop.ended(id)).toMatchObject({ status: 'COMPLETED' });
  const { items } = await shop.get<{ items: { action: string; reason: string }[] }>(
    'orchestrator',
    `/audit?target=${id}`,
  );
  expect(items.map(({ action, reason }) => [action, reason])).toEqual([
    ['resume', ADA_SAYS],
    ['pause', ADA_SAYS],
  ]);
  await expectAllWell();
});

test('a preview changes nothing and says exactly what the action then sends; a stale version is refused (trap 20)', async () => {
  await installation.stack.stop(['balance']);
  const id = await placed();
  const { version } = await waitingForBalance(id);
  const preview = await shop.get<{ expectedVersion: number; sends: { commandId: string; command: string }[] }>(
    'orchestrator',
    `/sagas/${id}/preview?action=compensate`,
  );
  expect(preview).toMatchObject({ expectedVersion: version, sends: [{ command: 'refund-balance-command' }] });
  expect((await saga(id)).version).toBe(version);

  expect(await act(id, 'compensate', version - 1)).toMatchObject({ status: 409, body: { code: 'STALE_VERSION' } });
  expect(await act(id, 'skip', version, { step: 'balance' })).toMatchObject({
    status: 422,
    body: { code: 'NOT_ALLOWED', allowed: (await saga(id)).allowed },
  });
  expect(await act(id, 'compensate', version)).toMatchObject({ status: 200, body: { status: 'COMPENSATING' } });
  const entry = (await history(id)).find(({ message }) => message.type === 'operator-compensate');
  expect(entry?.sent).toEqual(preview.sends.map(({ commandId }) => commandId));
  expect(entry?.actor).not.toBe(null);

  await installation.stack.start(['balance']);
  expect(await shop.ended(id)).toMatchObject({ status: 'CANCELLED', cancelReason: { code: 'CANCELLED_BY_OPERATOR' } });
  await expectAllWell();
});

test('a customer who cancels at any moment of an order’s life has it cancelled whole, or comes too late (trap 29)', async () => {
  const outcomes = await Promise.all(
    Array.from({ length: ORDERS }, async (_, index) => {
      const id = await placed();
      // Another moment for each: after so many questions of the order.
      for (let asked = 0; asked < index; asked += 1) await shop.get('order', `/orders/${id}`);
      const { status } = await shop.send('order', 'POST', `/orders/${id}/cancel`, { reason: 'changed my mind' });
      return { asked: status, order: await shop.ended(id) };
    }),
  );
  for (const { asked, order } of outcomes) {
    expect([202, 409]).toContain(asked);
    if (asked === 409) expect(order.status).toBe('COMPLETED');
    if (order.status === 'CANCELLED') expect(order.cancelReason?.code).toBe('CANCELLED_BY_CUSTOMER');
  }
  await expectAllWell();
});

test('operators who do whatever is allowed at any moment leave every saga able to end right', async () => {
  const ids = await Promise.all(Array.from({ length: ORDERS }, placed));
  await Promise.all(
    ids.map(async (id, index) => {
      const seen = await shop.until(
        () => saga(id),
        () => true,
        'the saga to be there',
      );
      const chosen = seen.allowed[index % Math.max(seen.allowed.length, 1)];
      if (!chosen) return;
      const { status } = await act(id, chosen.action, seen.version, chosen.step ? { step: chosen.step } : {});
      expect([200, 409]).toContain(status); // what was allowed may have moved on since
    }),
  );
  for (const id of ids) {
    const { paused, version } = await saga(id);
    if (paused)
      await shop.until(
        () => resumed(id, version),
        (done) => done,
        'the saga to be resumed',
      );
    await shop.ended(id);
    await shop.endedSaga(id);
  }
  await expectAllWell();
});

/** The version may move on while it is paused: facts are recorded. */
async function resumed(id: string, seen: number): Promise<boolean> {
  const { paused, version } = await saga(id);
  if (!paused) return true;
  return (await act(id, 'resume', Math.max(version, seen))).status === 200;
}
