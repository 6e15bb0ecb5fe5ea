import type { ReceivedMessage } from '@saga/messages/codec';

/** What was appended; the broker adds where it stands. */
export type LogRecord = Pick<ReceivedMessage, 'key' | 'headers' | 'value'>;

/** `sequence` orders the records of all partitions as they arrived. */
export type Stored = LogRecord & { offset: number; sequence: number };

export type PartitionLog = {
  append(record: LogRecord, sequence: number): void;
  /** At most `limit` records from this offset on. */
  read(from: number, limit: number): readonly Stored[];
  /** How many records stand from this offset on. */
  remaining(from: number): number;
  /** Forgets what every reader has handled, up to `handled` exclusive. */
  trim(handled: number): void;
};

/** So many of a partition's last records stay even when all have handled them: for a group that comes later. */
const KEPT_RECORDS = 1_000;

/**
 * One partition in memory, bounded: it keeps what some group has not handled, the last {@link KEPT_RECORDS} and, if it
 * is compacted, the last record of every key; until it is trimmed, at most twice as much.
 */
export function partitionLog(compacted: boolean): PartitionLog {
  let records: Stored[] = [];
  let nextOffset = 0;
  /** Of a compacted partition, the old records that the last trimming left. */
  let survivors = 0;

  function indexOf(offset: number): number {
    let low = 0;
    let high = records.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((records[middle]?.offset ?? offset) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  function lastPerKey(old: readonly Stored[], younger: readonly Stored[]): Stored[] {
    const seen = new Set(younger.map(({ key }) => key));
    return old
      .toReversed()
      .filter(({ key }) => !seen.has(key) && seen.add(key))
      .reverse();
  }

  return {
    append: (record, sequence) => {
      records.push({ ...record, offset: nextOffset, sequence });
      nextOffset += 1;
    },
    read: (from, limit) => {
      const start = indexOf(from);
      return records.slice(start, start + limit);
    },
    remaining: (from) => records.length - indexOf(from),
    trim: (handled) => {
      const oldEnd = indexOf(Math.min(handled, nextOffset - KEPT_RECORDS));
      // Trimming copies what stays: if as much can go, its cost per record is constant.
      if (oldEnd - survivors < Math.max(KEPT_RECORDS, records.length / 2)) return;
      const young = records.slice(oldEnd);
      const old = compacted ? lastPerKey(records.slice(0, oldEnd), young) : [];
      survivors = old.length;
      records = [...old, ...young];
    },
  };
}
