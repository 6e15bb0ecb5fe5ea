/** A message that a saga accepted: something has changed. */
export type SagaEvent = {
  /** Where it stands among all events. */
  at: EventPlace;
  time: Date;
  sagaId: string;
  /** The saga's version after it. */
  version: number;
  message: { id: string; type: string };
  effect: string[];
  /** The person who acted; null where a message or the clock did. */
  actor: string | null;
};

/** Events are ordered by the transaction that wrote them, then by saga and version. */
export type EventPlace = { txid: string; sagaId: string; version: number };

export interface SagaEvents {
  /**
   * At most `limit` events behind this place, in their order. None is ever skipped: what a transaction that is still
   * open may yet write comes behind every place that was told.
   */
  after(place: EventPlace, limit: number): Promise<SagaEvent[]>;
  /** The place behind which everything comes that is not committed yet. */
  now(): Promise<EventPlace>;
}
