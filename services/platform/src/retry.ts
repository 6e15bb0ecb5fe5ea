/** How often the platform is tried, and how long a dispatch rests between two attempts. */
export type RetryPolicy = { attempts: number; firstPauseMs: number; longestPauseMs: number };

/** How long to wait after so many attempts have failed; undefined: no more. Doubles up to the longest pause. */
export const pauseAfterMs = (attempts: number, policy: RetryPolicy): number | undefined =>
  attempts < policy.attempts ? Math.min(policy.firstPauseMs * 2 ** (attempts - 1), policy.longestPauseMs) : undefined;
