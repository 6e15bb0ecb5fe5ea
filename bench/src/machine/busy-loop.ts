import { parentPort } from 'node:worker_threads';

const ITERATIONS = 100_000_000;

/** What one core gives at this moment: steps of a fixed calculation per second, in millions. */
function busyLoopMillionsPerSecond(): number {
  calculate(ITERATIONS / 10); // compiled now, so that the compiler's work is not measured
  const started = performance.now();
  const result = calculate(ITERATIONS);
  const seconds = (performance.now() - started) / 1_000;
  if (result === 0) throw new Error('xorshift never reaches zero');
  return ITERATIONS / seconds / 1_000_000;
}

/** Each step needs the one before it, so that nothing can be left out or done at once. */
function calculate(iterations: number): number {
  let state = 2_463_534_242;
  for (let i = 0; i < iterations; i += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
  }
  return state;
}

parentPort?.postMessage(busyLoopMillionsPerSecond());
