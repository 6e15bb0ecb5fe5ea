import type { Broker } from '@saga/service-kit/broker';
import type { Database } from '@saga/service-kit/database';
import { conflict, notFound, Problem } from '@saga/service-kit/problem';
import type { AppendAudit, AuditEntry } from './audit.ts';
import type { DeadLetter, DeadLetterKind, DeadLetterStore, DecidedLetter, Decision, Original } from './dead-letters.ts';
import { type LeftOpen, leftOf } from './left-open.ts';
import { originalOf, redrivableTopics } from './original.ts';

export type DecisionOptions = {
  store: DeadLetterStore;
  appendAudit: AppendAudit;
  database: Database;
  broker: Pick<Broker, 'read'>;
  /** Called when something is to be published. */
  onRedriving: () => void;
};

/** Who decides, and why. */
export type Operator = Pick<Decision, 'by' | 'because'>;

type ManyRedriven = { redriven: number; open: number; left: LeftOpen[] };

/**
 * What operators do about dead letters, each with its audit entry in the same transaction. Both answer with the dead
 * letter as it is after, and throw a Problem: 404; 409 where it is not open any more, then nothing has changed.
 */
export interface DeadLetterDecisions {
  /** Has it published again as it was; 422 where it cannot be. */
  redrive(id: string, operator: Operator): Promise<DeadLetter>;
  /** Says that nothing is to be done about it. */
  discard(id: string, operator: Operator): Promise<DeadLetter>;
  /**
   * Redrives the oldest open ones of a kind, and tells how many, how many are still open, and how many of these it never
   * takes and why.
   */
  redriveMany(kind: DeadLetterKind, limit: number, operator: Operator): Promise<ManyRedriven>;
}

export function deadLetterDecisions(options: DecisionOptions): DeadLetterDecisions {
  const { store, appendAudit, database, broker, onRedriving } = options;

  async function known(id: string): Promise<DeadLetter> {
    const letter = await store.one(id);
    if (!letter) throw notFound(`there is no dead letter ${id}`);
    return letter;
  }

  /** Of two operators at once one finds it open, the other is told what became of it (trap 20). */
  async function decide(id: string, decision: Decision, original?: Original): Promise<DeadLetter> {
    const isDecided = await database.transaction(async (sql) => {
      const letter = await store.decide(sql, id, decision, original);
      if (letter) appendAudit(sql, [auditOf(decision, letter)]);
      return letter !== undefined;
    });
    const letter = await known(id);
    if (!isDecided) throw decidedBefore(letter);
    return letter;
  }

  return {
    redrive: async (id, operator) => {
      const letter = await known(id);
      if (letter.status !== 'OPEN') throw decidedBefore(letter);
      const found = await originalOf(letter, broker);
      if ('why' in found) throw new Problem(422, 'NOT_REDRIVABLE', `it cannot be published again: ${found.why}`);
      const missing = letter.isWhole ? undefined : found.original;
      const redriving = await decide(id, { status: 'REDRIVING', ...operator }, missing);
      onRedriving();
      return redriving;
    },
    discard: (id, operator) => decide(id, { status: 'DISCARDED', ...operator }),
    redriveMany: async (kind, limit, operator) => {
      const decision: Decision = { status: 'REDRIVING', ...operator };
      const letters = await database.transaction(async (sql) => {
        const redriving = await store.redriveMany(sql, kind, redrivableTopics, limit, decision);
        const entries = redriving.map((letter) => auditOf(decision, letter));
        appendAudit(sql, entries);
        return redriving;
      });
      onRedriving();
      const open = await store.openOnTopics(kind);
      const total = open.reduce((sum, { letters: each }) => sum + each, 0);
      return { redriven: letters.length, open: total, left: leftOf(open) };
    },
  };
}

const decidedBefore = ({ id, status, decidedAt, decidedBy, decidedBecause }: DeadLetter): Problem =>
  conflict(
    'ALREADY_DECIDED',
    `dead letter ${id} is ${status} since ${decidedAt?.toISOString()}, by ${decidedBy}: ${decidedBecause}`,
  );

const auditOf = ({ status, by, because }: Decision, { id, ...detail }: DecidedLetter): AuditEntry => ({
  actor: by,
  action: status === 'DISCARDED' ? 'discard' : 'redrive',
  target: { kind: 'dead-letter', id },
  reason: because,
  detail,
});
