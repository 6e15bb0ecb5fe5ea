import { describe, expect, test } from 'vitest';
import { systemClock } from '../clock.ts';
import { type NextOffset, offsetCommitter } from './offset-committer.ts';

/** Commits that the test ends; `arrived(n)` waits for the n-th. */
function scene() {
  const commits: { offsets: string[]; end: PromiseWithResolvers<void> }[] = [];
  let wake = Promise.withResolvers<void>();
  const committer = offsetCommitter({
    commit: (offsets: NextOffset[]) => {
      const end = Promise.withResolvers<void>();
      commits.push({ offsets: offsets.map(({ partition, offset }) => `${partition}:${offset}`), end });
      wake.resolve();
      wake = Promise.withResolvers();
      return end.promise;
    },
    onFailed: () => {},
    clock: { ...systemClock, pause: () => new Promise((resolve) => setImmediate(resolve)) },
  });
  async function arrived(count: number) {
    while (commits.length < count) await wake.promise;
    const commit = commits[count - 1];
    if (!commit) throw new Error('unreachable');
    return commit;
  }
  const note = (partition: number, offset: number) =>
    committer.note({ topic: 'topic', partition, offset: String(offset) });
  return { committer, commits, arrived, note };
}

describe('committing beside the work', () => {
  test('what one batch moved is one commit; what moves meanwhile is the next one, at its latest', async () => {
    const { arrived, commits, note } = scene();
    note(0, 1);
    note(1, 7);
    const first = await arrived(1);
    note(0, 2);
    note(0, 3);
    first.end.resolve();
    const second = await arrived(2);
    second.end.resolve();
    expect(commits.map(({ offsets }) => offsets)).toEqual([['0:1', '1:7'], ['0:3']]);
  });

  test('what could not be committed is committed later, unless it has moved on since', async () => {
    const { arrived, note } = scene();
    note(0, 1);
    note(1, 7);
    const first = await arrived(1);
    note(0, 2);
    first.end.reject(new Error('away'));
    const second = await arrived(2);
    expect(second.offsets).toEqual(['0:2', '1:7']);
    second.end.resolve();
  });

  test('flushing waits for the commit under way and then commits the rest at once', async () => {
    const { arrived, committer, note } = scene();
    note(0, 1);
    const first = await arrived(1);
    note(0, 2);
    const flushed = committer.flush();
    first.end.resolve();
    const second = await arrived(2);
    expect(second.offsets).toEqual(['0:2']);
    second.end.resolve();
    await flushed;
  });

  test('flushing tries twice: nobody else will, and the first may only have met a connection that broke', async () => {
    const { arrived, committer, note } = scene();
    note(0, 1);
    const first = await arrived(1);
    note(0, 2);
    const flushed = committer.flush();
    first.end.resolve();
    (await arrived(2)).end.reject(new Error('closed connection'));
    const third = await arrived(3);
    expect(third.offsets).toEqual(['0:2']);
    third.end.resolve();
    await flushed;
  });

  test('what was forgotten is not committed, not even if its commit failed meanwhile', async () => {
    const { arrived, commits, committer, note } = scene();
    note(0, 1);
    const first = await arrived(1);
    committer.forget();
    first.end.reject(new Error('illegal generation'));
    await committer.flush();
    expect(commits).toHaveLength(1);
  });
});
