import { mkdirSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import path from 'node:path';

/**
 * Loaded before a program that is measured: SIGWINCH begins a CPU profile, and the next one ends it and writes it to
 * the folder PROFILES, so that it holds what was done under load and nothing of the start. No other signal
 * is free: SIGUSR1 is the debugger's, and services end at SIGUSR2.
 */
const folder = process.env.PROFILES ?? '.';
/** `order` of …/services/order/src/main.ts; the floor's processes say who they are. */
const name = process.env.PROFILE_NAME ?? path.basename(path.resolve(process.argv[1] ?? '', '../..'));

const session = new Session();
session.connect();
let count = 0;
let last: Promise<void> = session.post('Profiler.enable');

process.on('SIGWINCH', () => {
  count += 1;
  const isBegin = count % 2 === 1;
  last = last.then(isBegin ? () => session.post('Profiler.start') : write);
});

async function write(): Promise<void> {
  const { profile } = await session.post('Profiler.stop');
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, `${name}.${process.pid}.${count / 2}.cpuprofile`), JSON.stringify(profile));
}
