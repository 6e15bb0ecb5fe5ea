import { failedFactId, finalFactId } from '@saga/messages/ids';
import type { Envelope, Message } from '@saga/messages/message';
import type { Reason } from '@saga/messages/reasons';
import { factOf, isCommandTopic, type Topic } from '@saga/messages/topics';
import type { Announcement, Changes, Decision, Key, Participant, Rows } from './participant.ts';

/**
 * What the inbox knows under a command's id: the messages that answered it, or that a compensation came first and
 * fenced it off.
 */
export type InboxEntry = { replies: readonly Message[] } | 'fenced';
export type Inbox = ReadonlyMap<string, InboxEntry>;

export type Folded<Tables> = {
  /** The last state of every row that was changed, by table. */
  changes: { readonly [Table in keyof Tables]: readonly Tables[Table][] };
  /** Inbox rows to insert. */
  handled: ReadonlyMap<string, InboxEntry>;
  /** In the order of the messages: fresh replies and replayed ones alike. */
  publish: readonly Message[];
};

/**
 * Folds a batch over the rows that it touches, one message at a time, so that a doubled message or an action and its
 * compensation in one batch see each other (trap 24). Pure: the same batch gives the same result.
 *
 * @throws whatever a handler throws; nothing has happened then.
 */
export function fold<Tables>(
  participant: Participant<Tables>,
  inbox: Inbox,
  loaded: Rows<Tables>,
  messages: readonly Message[],
  now: Date,
): Folded<Tables> {
  const rows = new WorkingRows(participant, loaded);
  const known = new Map(inbox);
  const handled = new Map<string, InboxEntry>();
  const publish: Message[] = [];

  const remember = (id: string, entry: InboxEntry): void => {
    known.set(id, entry);
    handled.set(id, entry);
  };
  const answer = (message: Message, replies: readonly Message[]): void => {
    remember(message.envelope.id, { replies });
    publish.push(...replies);
  };

  for (const message of messages) {
    const { id, actionId } = message.envelope;
    const handler = handlerOf(participant, message.topic);
    if (handler.kind === 'projection') {
      rows.apply(handler.decide(rows.current, message, now));
      continue;
    }
    const before = known.get(id);
    if (before === 'fenced') {
      publish.push(reply(participant, message, now, { outcome: 'rejected', reason: FENCED }));
      continue;
    }
    if (before !== undefined) {
      publish.push(...before.replies);
      continue;
    }
    switch (handler.kind) {
      case 'action': {
        const decision = handler.decide(rows.current, message, now);
        if (decision.outcome === 'rejected') {
          answer(message, [reply(participant, message, now, decision)]);
          break;
        }
        rows.apply(decision.changes);
        const announced = (decision.announce ?? []).map((each) => announcement(participant, message, now, each));
        answer(message, [reply(participant, message, now, { outcome: 'success', ...decision.reply }), ...announced]);
        break;
      }
      case 'compensation': {
        if (actionId === undefined) throw new Error(`${message.topic} ${id} does not say what it undoes (actionid)`);
        const changes = handler.decide(rows.current, message, now);
        // The barrier: undoing what has not happened yet fences it off, so that it never will (trap 4).
        if (changes === 'nothing') {
          if (!known.has(actionId)) remember(actionId, 'fenced');
        } else rows.apply(changes);
        answer(message, [reply(participant, message, now, { outcome: 'success' })]);
        break;
      }
      case 'listener':
        rows.apply(handler.decide(rows.current, message, now));
        answer(message, []);
        break;
      default:
        throw handler satisfies never;
    }
  }
  return { changes: rows.changes(), handled, publish };
}

const FENCED: Reason = { code: 'FENCED', message: 'its compensation came first; the action is refused for good' };

/** What a participant answers when a command cannot be handled for a technical reason: not stored (trap 26). */
export function failedReply(service: string, message: Message, reason: Reason, now: Date): Message[] {
  if (!isCommandTopic(message.topic)) return [];
  return [replyTo(service, message, now, { outcome: 'failed', reason })];
}

type Answer = { outcome: 'success' } | { outcome: 'rejected' | 'failed'; reason: Reason };

const reply = <Tables>(participant: Participant<Tables>, message: Message, now: Date, answer: Answer): Message =>
  replyTo(participant.service, message, now, answer);

function replyTo(service: string, command: Message, now: Date, answer: Answer): Message {
  const { topic, key, envelope } = command;
  if (!isCommandTopic(topic)) throw new Error(`${topic} is no command: it has no answer`);
  const attempt = envelope.attempt ?? 1;
  return {
    topic: factOf[topic],
    key,
    envelope: {
      id: answer.outcome === 'failed' ? failedFactId(envelope.id, attempt) : finalFactId(envelope.id),
      commandId: envelope.id,
      step: envelope.step,
      attempt,
      ...caused(service, command, now),
    },
    body: { orderId: key, ...answer },
  } as Message; // the decision's type is tied to the command's topic in Participant
}

const announcement = <Tables>(
  participant: Participant<Tables>,
  cause: Message,
  now: Date,
  { topic, id, body }: Announcement,
): Message =>
  ({ topic, key: cause.key, envelope: { id, ...caused(participant.service, cause, now) }, body }) as Message;

const caused = (service: string, cause: Message, now: Date): Omit<Envelope, 'id'> => ({
  source: `/${service}`,
  time: now.toISOString(),
  subject: cause.key,
  traceparent: cause.envelope.traceparent,
});

type AnyHandler<Tables> =
  | { kind: 'action'; decide: (rows: Rows<Tables>, message: Message, now: Date) => Decision<Tables, never> }
  | { kind: 'compensation'; decide: (rows: Rows<Tables>, message: Message, now: Date) => Changes<Tables> | 'nothing' }
  | { kind: 'listener'; decide: (rows: Rows<Tables>, message: Message, now: Date) => Changes<Tables> }
  | { kind: 'projection'; decide: (rows: Rows<Tables>, message: Message, now: Date) => Changes<Tables> };

function handlerOf<Tables>(participant: Participant<Tables>, topic: Topic): AnyHandler<Tables> {
  const groups = [
    ['action', participant.actions],
    ['compensation', participant.compensations],
    ['listener', participant.listeners],
    ['projection', participant.projections],
  ] as const;
  for (const [kind, handlers] of groups) {
    const decide = (handlers as Record<string, unknown> | undefined)?.[topic];
    // Participant ties each handler's type to its topic; looking it up by a topic only known now loses that tie.
    if (decide !== undefined) return { kind, decide } as AnyHandler<Tables>;
  }
  throw new Error(`${participant.service} does not handle ${topic}`);
}

/** Every topic that the participant has a handler for. */
export const topicsOf = <Tables>(participant: Participant<Tables>): Topic[] =>
  [participant.actions, participant.compensations, participant.listeners, participant.projections].flatMap(
    (handlers) => Object.keys(handlers ?? {}) as Topic[],
  );

/** The rows as the messages so far have left them, and which of them differ from what was loaded. */
class WorkingRows<Tables> {
  readonly current: { [Table in keyof Tables]: Map<Key, Tables[Table]> };
  readonly #changed: { [Table in keyof Tables]: Set<Key> };
  readonly #participant: Participant<Tables>;

  constructor(participant: Participant<Tables>, loaded: Rows<Tables>) {
    this.#participant = participant;
    this.current = this.#perTable((table) => new Map(loaded[table]));
    this.#changed = this.#perTable(() => new Set<Key>());
  }

  apply(changes: Changes<Tables>): void {
    for (const table of this.#tables())
      for (const row of changes[table] ?? []) {
        const key = this.#participant.keys[table](row);
        this.current[table].set(key, row);
        this.#changed[table].add(key);
      }
  }

  changes(): { [Table in keyof Tables]: Tables[Table][] } {
    return this.#perTable((table) =>
      [...this.#changed[table]].map((key) => this.current[table].get(key) as Tables[typeof table]),
    );
  }

  #tables(): (keyof Tables)[] {
    return Object.keys(this.#participant.keys) as (keyof Tables)[];
  }

  #perTable<Value extends { [Table in keyof Tables]: unknown }>(
    of: <Table extends keyof Tables>(table: Table) => Value[Table],
  ): Value {
    return Object.fromEntries(this.#tables().map((table) => [table, of(table)])) as Value;
  }
}
