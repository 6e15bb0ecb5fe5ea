import { readFileSync } from 'node:fs';

/** Of all processors together, in ticks of the kernel. */
export type ProcessorTicks = { used: number; stolen: number };

/**
 * From now on: the share of the processor time asked for that this machine got, between 0 and 1. The rest its host gave to
 * others, or kept by a limit (steal, proc(5)); other programs of this machine are not told apart. Undefined where the
 * kernel does not tell.
 */
export function watchGivenShare(): () => number | undefined {
  const from = processorTicks();
  return () => {
    const to = processorTicks();
    return from && to && givenShare(from, to);
  };
}

/** 1 where nothing was asked for. */
export function givenShare(from: ProcessorTicks, to: ProcessorTicks): number {
  const used = to.used - from.used;
  const stolen = to.stolen - from.stolen;
  return used + stolen > 0 ? used / (used + stolen) : 1;
}

/** @param stat what /proc/stat says. */
export function ticksIn(stat: string): ProcessorTicks {
  const [line = ''] = stat.split('\n', 1);
  const [user = 0, nice = 0, system = 0, _idle, _iowait, irq = 0, softirq = 0, stolen = 0] =
    line.match(/\d+/g)?.map(Number) ?? [];
  return { used: user + nice + system + irq + softirq, stolen };
}

const processorTicks = (): ProcessorTicks | undefined =>
  process.platform === 'linux' ? ticksIn(readFileSync('/proc/stat', 'utf8')) : undefined;
