import { type ServiceUnderTest, serviceUnderTest } from '@saga/testkit/service-under-test';
import { testDatabase } from '@saga/testkit/test-database';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuditEntry } from '../../app/audit.ts';
import { orchestratorService } from '../../app.ts';
import { appendAudit } from '../postgres/audit.ts';

let service: ServiceUnderTest;
beforeAll(async () => {
  service = await serviceUnderTest(orchestratorService, await testDatabase('orchestrator'));
});
afterAll(() => service.close());

const entry = (id: string, action = 'retry', actor = 'kim'): AuditEntry => ({
  actor,
  action,
  target: { kind: 'saga', id },
  reason: 'the product was there again',
  detail: { step: 'product' },
});

const append = (...entries: AuditEntry[]) => service.database.transaction(async (sql) => appendAudit(sql, entries));

type Listed = { items: ({ auditId: number; at: string } & AuditEntry)[]; nextCursor: string | null };

const list = async (query: Record<string, string>): Promise<Listed> =>
  (await service.app.inject({ url: '/audit', query })).json();

test('who did what to what, when and why, is served newest first, page by page', async () => {
  await append(entry('a'), entry('a', 'skip'));
  await append(entry('a', 'pause'));
  const first = await list({ target: 'a', limit: '2' });
  expect(first.items).toEqual([
    { auditId: expect.any(Number), at: expect.stringMatching(/Z$/), ...entry('a', 'pause') },
    { auditId: expect.any(Number), at: expect.stringMatching(/Z$/), ...entry('a', 'skip') },
  ]);
  const second = await list({ target: 'a', limit: '2', cursor: first.nextCursor ?? '' });
  expect(second).toMatchObject({ items: [entry('a')], nextCursor: null });
});

test('the audit is asked by target, by actor and by action', async () => {
  await append(entry('b', 'retry', 'lee'), entry('c', 'compensate', 'lee'), entry('b', 'compensate', 'mo'));
  expect((await list({ actor: 'lee' })).items.map(({ target }) => target.id)).toEqual(['c', 'b']);
  expect((await list({ target: 'b' })).items.map(({ actor }) => actor)).toEqual(['mo', 'lee']);
  expect((await list({ action: 'compensate' })).items.map(({ actor }) => actor)).toEqual(['mo', 'lee']);
});

test('what did not happen is not in the audit', async () => {
  const failing = service.database.transaction(async (sql) => {
    appendAudit(sql, [entry('d')]);
    throw new Error('the action failed');
  });
  await expect(failing).rejects.toThrow('the action failed');
  expect((await list({ target: 'd' })).items).toEqual([]);
});
