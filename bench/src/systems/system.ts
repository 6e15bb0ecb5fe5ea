import type { BenchOrder } from '../orders.ts';

export type Outcome = 'COMPLETED' | 'CANCELLED';

/** A system that is measured, while it runs. */
export type RunningSystem = {
  /** Places an order and resolves when it is final. `onAccepted` is called when the system has promised to do it. */
  run(order: BenchOrder, onAccepted?: () => void): Promise<Outcome>;
  /** Its processes by their name (a service, `kafka`, an engine with all it starts), without the database. */
  pids(): Readonly<Record<string, readonly number[]>>;
  /** Those of them that can be profiled. */
  readonly profiled: readonly number[];
  /** Its databases in the common PostgreSQL. */
  databases: readonly string[];
  /** How many messages it has sent through Kafka so far. */
  messages(): Promise<number>;
  [Symbol.asyncDispose](): Promise<void>;
};
