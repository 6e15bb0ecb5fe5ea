import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5_000;
/** A process that has lived for so long has recovered: the next restart is quick again. */
const RECOVERED_AFTER_MS = 30_000;
/** Longer than a service takes to stop in order. */
const STOP_LIMIT_MS = 15_000;

export type SupervisedProcessOptions = {
  name: string;
  /** The program and its arguments, run by this very Node. */
  program: readonly string[];
  env: NodeJS.ProcessEnv;
  /** Every line that it writes. */
  onLine: (line: string) => void;
  /** What its supervisor has to say: that it died and is started again. */
  say: (line: string) => void;
};

export interface SupervisedProcess {
  readonly name: string;
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  start(): void;
  /** Asks it to end, waits until it has, and does not start it again. */
  stop(): Promise<void>;
  /** Rejects, with what it wrote last, when it ends before `isUp` was told: it refuses to start. */
  readonly refused: Promise<never>;
  /** It was seen to work: from now on its death is an accident. */
  isUp(): void;
}

/**
 * A process that is started again when it dies: after half a second, then twice as long each time up to five. It runs
 * in a group of its own, so that a Ctrl-C reaches it through its supervisor alone; when the supervisor is killed, it
 * ends too (`stop-with-supervisor.ts`).
 */
export function supervisedProcess(options: SupervisedProcessOptions): SupervisedProcess {
  const { name, program, env, onLine, say } = options;
  const refusal = Promise.withResolvers<never>();
  refusal.promise.catch(() => {}); // whoever waits for it to be up is told
  let child: ChildProcess | undefined;
  let wanted = false;
  let wasUp = false;
  let pauseMs = FIRST_PAUSE_MS;
  let lastLine = '';
  let restart: NodeJS.Timeout | undefined;

  function run(): void {
    const startedAt = Date.now();
    const started = spawn(process.execPath, ['--import', STOP_WITH_SUPERVISOR, ...program], {
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    child = started;
    const take = (line: string) => {
      lastLine = line;
      onLine(line);
    };
    for (const stream of [started.stdout, started.stderr]) readLines(stream, take);
    started.once('exit', (code, signal) => {
      child = undefined;
      if (!wanted) return;
      const how = signal === null ? `ended with code ${code}` : `was killed by ${signal}`;
      if (!wasUp) {
        wanted = false;
        refusal.reject(new Error(`${name} does not start: ${lastLine || how}`));
        return;
      }
      if (Date.now() - startedAt > RECOVERED_AFTER_MS) pauseMs = FIRST_PAUSE_MS;
      say(`${name} ${how}; it is started again in ${pauseMs / 1_000} s`);
      restart = setTimeout(run, pauseMs);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    });
  }

  return {
    name,
    get pid() {
      return child?.pid;
    },
    start: () => {
      wanted = true;
      run();
    },
    stop: async () => {
      wanted = false;
      clearTimeout(restart);
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const ending = child;
      const kill = setTimeout(() => ending.kill('SIGKILL'), STOP_LIMIT_MS);
      const exited = once(ending, 'exit');
      ending.kill('SIGTERM');
      await exited;
      clearTimeout(kill);
    },
    refused: refusal.promise,
    isUp: () => {
      wasUp = true;
    },
  };
}

const STOP_WITH_SUPERVISOR = new URL('stop-with-supervisor.ts', import.meta.url).href;

function readLines(stream: Readable | null, take: (line: string) => void): void {
  if (stream) createInterface({ input: stream }).on('line', take);
}
