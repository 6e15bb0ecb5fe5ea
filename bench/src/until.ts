import { setTimeout as pause } from 'node:timers/promises';

const LOOK_AGAIN_MS = 50;

/**
 * Asks until there is an answer.
 *
 * @throws when there is none after so long.
 */
export async function until<Answer>(
  what: string,
  limitMs: number,
  ask: () => Promise<Answer | undefined>,
  everyMs = LOOK_AGAIN_MS,
): Promise<Answer> {
  const started = performance.now();
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() - started > limitMs) throw new Error(`${what} did not come within ${limitMs / 1_000} s`);
    await pause(everyMs);
  }
}
