/** What the machine gives at this moment: iterations of a fixed loop per second, in millions, on one core. */
export function busyLoopMillionsPerSecond(): number {
  const iterations = 50_000_000;
  const started = performance.now();
  let sum = 0;
  for (let i = 0; i < iterations; i += 1) sum = (sum + i) | 0;
  const seconds = (performance.now() - started) / 1_000;
  if (sum === 1) throw new Error('unreachable: keeps the loop from being optimised away');
  return iterations / seconds / 1_000_000;
}
