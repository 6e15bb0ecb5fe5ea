import type { CommandTopic } from '@saga/messages/commands';
import type { FactTopic } from '@saga/messages/facts';
import type { Message } from '@saga/messages/message';
import type { Instant } from '../state.ts';
import { answerTo, type Outcome } from './messages.ts';

export const REMEMBERED_MS = 30 * 24 * 60 * 60 * 1_000;

/** What a participant makes of a command that reaches it, always. */
export type Nature = 'does it' | 'refuses' | 'fails' | 'says nothing';
/** By step: of its action, and of its compensation, which nobody may refuse. */
export type Natures = Readonly<Record<string, { action: Nature; compensation: Exclude<Nature, 'refuses'> }>>;

const REFUSED: Outcome = { outcome: 'rejected', reason: { code: 'OUT_OF_STOCK', message: 'sold out' } };
const FENCED: Outcome = { outcome: 'rejected', reason: { code: 'FENCED', message: 'its undo came first' } };
const FAILED: Outcome = { outcome: 'failed', reason: { code: 'INTERNAL', message: 'the disk is full' } };

/**
 * All participants of a saga, as the rules for them have it: a command takes effect at most once, its answer is
 * remembered and given again, `failed` leaves no trace, and an undo that comes first fences its action off.
 */
export class Participants {
  /** The ids of the actions whose effect stands. */
  readonly effects = new Set<string>();
  /** How often an action took effect: never twice. */
  readonly done = new Map<string, number>();
  readonly #inbox = new Map<string, { fact: Message<FactTopic>; at: Instant }>();
  readonly #fences = new Set<string>();
  readonly #natures: Natures;

  /** @param order the id under which the order itself was created. */
  constructor(natures: Natures, order: string) {
    this.#natures = natures;
    this.#happens(order);
  }

  /** @param stumbling it fails this once, for a technical reason. */
  take(command: Message<CommandTopic>, now: Instant, stumbling: boolean): Message<FactTopic> | undefined {
    const { id, step = '', time, actionId } = command.envelope;
    if (now - Date.parse(time) > REMEMBERED_MS) return undefined; // a dead letter
    const known = this.#inbox.get(id);
    if (known && now - known.at <= REMEMBERED_MS) return known.fact;
    const nature = this.#natures[step]?.[actionId === undefined ? 'action' : 'compensation'] ?? 'does it';
    if (stumbling || nature === 'fails') return answerTo(command, FAILED, now);
    if (nature === 'says nothing') return undefined;
    const outcome = actionId === undefined ? this.#act(id, nature) : this.#undo(actionId);
    const fact = answerTo(command, outcome, now);
    this.#inbox.set(id, { fact, at: now });
    return fact;
  }

  #act(id: string, nature: Nature): Outcome {
    if (this.#fences.has(id)) return FENCED;
    if (nature === 'refuses') return REFUSED;
    this.#happens(id);
    return { outcome: 'success' };
  }

  #undo(actionId: string): Outcome {
    if (!this.effects.delete(actionId) && !this.#inbox.has(actionId)) this.#fences.add(actionId);
    return { outcome: 'success' };
  }

  #happens(id: string): void {
    this.effects.add(id);
    this.done.set(id, (this.done.get(id) ?? 0) + 1);
  }
}
