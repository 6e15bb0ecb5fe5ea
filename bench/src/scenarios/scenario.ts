import type { Measured } from '../report/summary.ts';
import type { Session } from '../session.ts';
import type { SystemName } from '../systems/start-system.ts';

/** How long things last: `full` is what is published, `small` only shows that the instruments work. */
export type Size = 'full' | 'small';

export type Scenario = {
  name: string;
  /** Those that it is done to, in the order in which they take turns. */
  systems: readonly SystemName[];
  /** Starts the system, does it, stops the system. The runs count from 1. */
  visit(session: Session, system: SystemName, size: Size, run: number): Promise<Measured>;
};
