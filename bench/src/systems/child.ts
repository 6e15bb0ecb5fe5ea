import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';

/** A program of ours as a process, which has said that it is ready and ends with its channel. */
export type Child<Ready> = { pid: number; ready: Ready; stop(): Promise<void> };

const STOP_WITHIN_MS = 20_000;

/** @throws where it ends before it is ready. What it writes stands in the log file. */
export async function startChild<Ready>(
  program: URL,
  variables: NodeJS.ProcessEnv,
  logFile: string,
): Promise<Child<Ready>> {
  const log = openSync(logFile, 'a');
  const child = fork(program, { env: { ...process.env, ...variables }, stdio: ['ignore', log, log, 'ipc'] });
  const refused = once(child, 'exit').then(() => {
    throw new Error(`${program.pathname} does not start: see ${logFile}`);
  });
  refused.catch(() => undefined); // its later end is nobody's concern
  const [ready] = (await Promise.race([once(child, 'message'), refused])) as [Ready];
  return { pid: child.pid ?? 0, ready, stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  if (child.connected) child.disconnect();
  const limit = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await exit;
  clearTimeout(limit);
}
