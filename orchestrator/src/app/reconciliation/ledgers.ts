import type { LedgerEffect, LedgerFault } from '@saga/service-kit/ledger';

/** What stands of each order in one service's books. */
export type Ledger = ReadonlyMap<string, readonly LedgerEffect[]>;

/** The orders after the first id, up to and including the second. */
export type Window = { after: string; upTo: string };

/** The books of one service: the effects of the step that is called as it is; `order` keeps the orders themselves. */
export interface LedgerSource {
  readonly service: string;
  /**
   * By order id; of more than `limit` orders the first ones.
   *
   * @throws Problem 503 where the service does not answer.
   */
  effects(window: Window, limit: number): Promise<Ledger>;
  /**
   * What of its own does not add up.
   *
   * @throws Problem 503 where the service does not answer, or cannot add everything up in its time.
   */
  faults(): Promise<LedgerFault[]>;
}
