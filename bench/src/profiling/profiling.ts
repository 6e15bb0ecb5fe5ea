import type { Session } from '../session.ts';

const PRELOADED = new URL('./profile-on-signal.ts', import.meta.url).href;

/** What a process has to be started with, so that it can be profiled; nothing where no profiles are wanted. */
export const profilingEnv = ({ profiles }: Session, name?: string): NodeJS.ProcessEnv =>
  profiles === undefined ? {} : { NODE_OPTIONS: `--import ${PRELOADED}`, PROFILES: profiles, PROFILE_NAME: name };

/** Begins to profile these processes, or ends it. */
export function toggleProfiles({ profiles }: Session, pids: readonly number[]): void {
  if (profiles !== undefined) for (const pid of pids) process.kill(pid, 'SIGWINCH');
}
