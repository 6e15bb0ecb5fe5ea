/** The longest that an answer is held, in seconds: load balancers cut what is silent for longer. */
export const MAX_WAIT_SECONDS = 30;

/** A quoted value of another preference may hold anything, even what looks like this one. */
const QUOTED = /"(?:[^"\\]|\\.)*"/g;
const WAIT = /(?:^|[,;])\s*wait\s*=\s*(\d{1,9})\s*(?=$|[,;])/i;

/**
 * The seconds that a client is ready to wait (RFC 7240, `Prefer: wait=10`), at most MAX_WAIT_SECONDS; 0 where it asks
 * for nothing or for something else: a preference that is not understood is ignored.
 */
export function waitSeconds(prefer: string | string[] | undefined): number {
  const header = [prefer ?? []].flat().join(',').replace(QUOTED, '""');
  return Math.min(Number(WAIT.exec(header)?.[1] ?? 0), MAX_WAIT_SECONDS);
}
