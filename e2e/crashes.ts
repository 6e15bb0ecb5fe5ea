import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ServiceName } from '@saga/tools/service-name';

/** Where a process can be made to die: between which two things that it does. */
export type CrashPoint =
  | `fold: ${'before load' | 'before commit' | 'after commit' | 'in the middle of the publish' | 'after publish' | 'after offset commit'}`
  | `outbox: ${'after commit' | 'after publish'}`
  | `relay: ${'claimed' | 'after publish'}`
  | `timer: ${'claimed' | 'before commit' | 'after commit'}`
  | `placement: ${'before commit' | 'after commit' | 'before the answer'}`;

/** The process dies when it passes there for the n-th time, counted from its start or its last crash. */
export type CrashPointAt = { point: CrashPoint; passing: number };

/** Names the folder through which the test and the services under test speak. */
export const FOLDER_VARIABLE = 'CRASH_POINTS';

const PRELOAD = new URL('crash-points.ts', import.meta.url).href;

/** Arms crash points in the services of one installation, and knows who died where. */
export class Crashes {
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'saga-crashes-'));

  /** What makes the services of an installation crash when they are armed. */
  get env(): NodeJS.ProcessEnv {
    return { NODE_OPTIONS: `--import ${PRELOAD}`, [FOLDER_VARIABLE]: this.#folder };
  }

  /** In this order: after each crash the process that follows finds the next one armed. */
  arm(service: ServiceName, points: readonly CrashPointAt[]): void {
    const file = this.#file(service, 'armed');
    writeFileSync(`${file}.new`, JSON.stringify(points));
    renameSync(`${file}.new`, file); // whoever reads it gets it whole
  }

  /** Where this service has died so far, one after the other. */
  of(service: ServiceName): string[] {
    try {
      return readFileSync(this.#file(service, 'crashes'), 'utf8').trim().split('\n');
    } catch {
      return []; // it has not died yet
    }
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #file(service: ServiceName, kind: string): string {
    return path.join(this.#folder, `${service}.${kind}`);
  }
}
