import { parseArgs } from 'node:util';
import { run } from './run.ts';

const { values } = parseArgs({
  options: { seed: { type: 'string' }, runs: { type: 'string', default: '1' }, trace: { type: 'boolean' } },
});
const first = Number(values.seed ?? Math.floor(Math.random() * 1e9));
const started = performance.now();
let sagas = 0,
  events = 0;
const faults = new Map<string, number>();
for (let seed = first; seed < first + Number(values.runs); seed += 1) {
  const result = await run(seed, values.trace ? console.log : undefined);
  sagas += result.sagas;
  events += result.events;
  for (const [kind, n] of result.faults) faults.set(kind, (faults.get(kind) ?? 0) + n);
  if (result.violations.length > 0) {
    console.log(`seed ${seed} (${result.sagas} sagas, ${Math.round(result.virtualMs / 1000)} s)`);
    for (const v of result.violations.slice(0, 5)) console.log('  ', v.invariant, v.detail.slice(0, 400));
    if (!values.trace) process.exitCode = 1;
    break;
  }
}
console.log({ sagas, events, seconds: (performance.now() - started) / 1000 });
console.log(Object.fromEntries([...faults].sort()));
