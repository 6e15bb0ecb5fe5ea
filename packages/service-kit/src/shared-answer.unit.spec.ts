import { expect, test } from 'vitest';
import { sharedAnswer } from './shared-answer.ts';

test('who asks while it is being answered, or soon after, shares the answer; later it is asked anew', async () => {
  let clock = 0;
  const asked: PromiseWithResolvers<void>[] = [];
  const ask = sharedAnswer(
    () => {
      const answer = Promise.withResolvers<void>();
      asked.push(answer);
      return answer.promise;
    },
    1_000,
    () => clock,
  );
  const first = ask();
  clock = 60_000;
  expect(ask()).toBe(first);
  asked[0]?.reject(new Error('away'));
  await expect(first).rejects.toThrow('away');
  clock += 999;
  await expect(ask()).rejects.toThrow('away');
  clock += 1;
  const second = ask();
  asked[1]?.resolve();
  await expect(second).resolves.toBeUndefined();
});
