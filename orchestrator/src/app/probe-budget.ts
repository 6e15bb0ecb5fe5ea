import type { CommandTopic } from '@saga/messages/commands';
import type { Message } from '@saga/messages/message';
import { isCommandTopic } from '@saga/messages/topics';
import type { TimerMessage } from '../saga/incoming.ts';
import type { Instant } from '../saga/state.ts';
import type { TopicProgress } from './saga-store.ts';

/** A silent participant is probed by so few sagas per partition and window; the others wait (trap 11). */
const PROBES_PER_WINDOW = 3;
const PROBE_WINDOW_MS = 60_000;

/** Knows how far each participant has come, and shares out the few probes among the sagas that wait for a silent one. */
export class ProbeBudget {
  readonly #rows = new Map<string, TopicProgress>();
  readonly #spent = new Set<string>();
  readonly #now: Instant;

  constructor(rows: readonly TopicProgress[], now: Instant) {
    this.#now = now;
    for (const row of rows) this.#rows.set(keyOf(row.topic, row.partition), row);
  }

  /** What a timer has to know about the topics on which a saga waits. */
  of(topics: readonly CommandTopic[], partition: number): Pick<TimerMessage, 'answeredUpTo' | 'mayProbe'> {
    const answeredUpTo: TimerMessage['answeredUpTo'] = {};
    for (const topic of topics) {
      const row = this.#rows.get(keyOf(topic, partition));
      if (row && row.upTo > 0) answeredUpTo[topic] = row.upTo;
    }
    return { answeredUpTo, mayProbe: topics.filter((topic) => this.#row(topic, partition).probes < PROBES_PER_WINDOW) };
  }

  /** Counts what was sent on topics that were free to be probed. */
  spend({ mayProbe }: TimerMessage, partition: number, sent: readonly Message[]): void {
    for (const { topic } of sent) {
      if (!isCommandTopic(topic) || !mayProbe.includes(topic)) continue;
      const row = this.#row(topic, partition);
      const key = keyOf(topic, partition);
      this.#rows.set(key, { ...row, probes: row.probes + 1 });
      this.#spent.add(key);
    }
  }

  get spent(): TopicProgress[] {
    return [...this.#spent].sort().flatMap((key) => this.#rows.get(key) ?? []);
  }

  #row(topic: CommandTopic, partition: number): TopicProgress {
    const row = this.#rows.get(keyOf(topic, partition));
    const isOver = row === undefined || this.#now - row.probingSince >= PROBE_WINDOW_MS;
    return isOver ? { topic, partition, upTo: row?.upTo ?? 0, probingSince: this.#now, probes: 0 } : row;
  }
}

const keyOf = (topic: CommandTopic, partition: number): string => `${topic}/${partition}`;
