/** True when the same line was said a moment ago: an outage of minutes is not worth a line per attempt. */
export type RepeatFilter = (line: string) => boolean;

const REPEAT_AFTER_MS = 30_000;
const MAX_REMEMBERED = 100;

export function repeatFilter(now: () => number = () => performance.now()): RepeatFilter {
  const saidAt = new Map<string, number>();
  return (line) => {
    const last = saidAt.get(line);
    if (last !== undefined && now() - last < REPEAT_AFTER_MS) return true;
    if (saidAt.size >= MAX_REMEMBERED) saidAt.clear();
    saidAt.set(line, now());
    return false;
  };
}
