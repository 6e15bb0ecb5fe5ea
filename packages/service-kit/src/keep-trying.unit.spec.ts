import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import { keepTrying } from './keep-trying.ts';

let lines: string[];
const options = (signal = new AbortController().signal) => ({
  what: 'the database',
  signal,
  logger: pino({}, { write: (line: string) => lines.push(JSON.parse(line).msg) }),
});
beforeEach(() => {
  lines = [];
});

describe('keepTrying', () => {
  it('tries until it works and says what it waits for', async () => {
    const answers = [Promise.reject(new Error('away')), Promise.reject(new Error('starting')), Promise.resolve('here')];
    for (const each of answers) each.catch(() => {});
    expect(await keepTrying(() => answers.shift() ?? Promise.reject(new Error('too often')), options())).toBe('here');
    expect(lines).toEqual(['waiting for the database', 'waiting for the database']);
  });

  it('gives up at once on what waiting does not mend', async () => {
    const refused = keepTrying(() => Promise.reject(new Error('no')), { ...options(), worthwhile: () => false });
    await expect(refused).rejects.toThrow('no');
    expect(lines).toEqual([]);
  });

  it('ends when it is told to, even in the middle of an attempt that never ends', async () => {
    const stopping = new AbortController();
    const waiting = keepTrying(() => new Promise(() => {}), options(stopping.signal));
    stopping.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
    await expect(keepTrying(async () => 1, options(stopping.signal))).rejects.toThrow('stopped');
  });
});
