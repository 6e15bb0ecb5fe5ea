import { expect, test } from 'vitest';
import { steps } from './steps.ts';
import { allTopics, commandOf, compensationTopics, factOf, topics } from './topics.ts';

const exchanges = Object.values(steps).flatMap((messages) => [
  ...('action' in messages ? [messages.action] : []),
  ...('compensation' in messages ? [messages.compensation] : []),
]);

test('no topic stands in the table twice', () => {
  const named = exchanges.flatMap(({ command, fact }) => [command, fact]);
  expect([...new Set(named)]).toEqual(named);
});

test('every command and fact of the table is a topic, named <verb>-<noun>-command and <noun>-<past participle>', () => {
  for (const { command, fact } of exchanges) {
    expect(command).toMatch(/^[a-z]+-[a-z]+-command$/);
    expect(fact).toMatch(/^[a-z]+-[a-z]+(ed|d)$/);
    expect(allTopics).toEqual(expect.arrayContaining([command, fact]));
    expect(factOf[command]).toBe(fact);
    expect(commandOf[fact]).toBe(command);
  }
});

test('a compensation cannot be refused', () => {
  const refusal = { orderId: crypto.randomUUID(), outcome: 'rejected', reason: { code: 'NO', message: 'no' } };
  for (const command of compensationTopics) expect(topics[factOf[command]].safeParse(refusal).success).toBe(false);
});
