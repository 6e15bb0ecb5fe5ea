import { isStateTopic } from '@saga/messages/topics';
import type { DeadLetter } from './dead-letters.ts';

/** A dead letter as an operator reads it; times are RFC 3339. */
export function deadLetterView(letter: DeadLetter) {
  const { id, service, topic, partition, offset, key, headers, sagaId, messageId, status, redrivenBefore } = letter;
  return {
    deadLetterId: id,
    service,
    topic,
    partition,
    offset,
    key,
    headers,
    ...valueView(letter),
    error: { code: letter.code, message: letter.message },
    failedAt: letter.failedAt.toISOString(),
    sagaId,
    messageId,
    redrivenBefore,
    status,
    decision: decisionView(letter),
    actions: actionsOf(letter),
    advice: adviceOf(letter),
    links: { self: `/dead-letters/${id}`, saga: letter.hasSaga ? `/sagas/${sagaId}` : null },
  };
}

function actionsOf({ status, topic, isWhole, key, value }: DeadLetter): ('redrive' | 'discard')[] {
  if (status !== 'OPEN') return [];
  const isEmpty = isWhole && (key === null || value === null);
  return isEmpty || isStateTopic(topic) ? ['discard'] : ['redrive', 'discard'];
}

function valueView({ value, valueBytes }: DeadLetter) {
  if (value === null) return { value: null, valueEncoding: null, valueBytes: null, valueCut: false };
  const valueCut = value.length < (valueBytes ?? 0);
  return { ...readable(value, valueCut), valueBytes, valueCut };
}

/** As text where it is text; of a character that the cut went through nothing is shown. */
function readable(value: Buffer, isCut: boolean) {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value, { stream: isCut });
    return { value: text, valueEncoding: 'utf8' as const };
  } catch {
    return { value: value.toString('base64'), valueEncoding: 'base64' as const };
  }
}

const decisionView = ({ decidedAt, decidedBy, decidedBecause }: DeadLetter) =>
  decidedAt === null ? null : { at: decidedAt.toISOString(), by: decidedBy ?? '', reason: decidedBecause ?? '' };

/** What the person who was woken up can do about it, in a sentence. */
function adviceOf({ status, code, isWhole, service, topic }: DeadLetter): string {
  switch (status) {
    case 'DISCARDED':
      return 'nothing is to be done any more';
    case 'REDRIVING':
      return 'it is published again as soon as the broker takes it';
    case 'REDRIVEN':
      return 'it was published again; should it fail again, it stands here as another dead letter';
    case 'OPEN': {
      if (isStateTopic(topic)) return stateAdvice(service, topic);
      const advice = ADVICE[code] ?? 'mend the cause that the error names, then redrive it; or discard it';
      return isWhole ? advice : `${advice}. Perhaps not all of it was kept here: a redrive reads it again where it lay`;
    }
    default:
      throw status satisfies never;
  }
}

const stateAdvice = (service: string, topic: string): string =>
  `mend the cause that the error names; then let ${service} read ${topic} again from its beginning (reset its group's ` +
  'offsets of this topic while it is stopped): the newest version of everything stands there; then discard it';

const UNREADABLE = 'as it is nobody can read it: redrive it once its reader can, else discard it';
const ADVICE: Readonly<Record<string, string>> = {
  NOT_JSON: UNREADABLE,
  EMPTY: 'without a key or a value nobody can ever read it: find who publishes it, then discard it',
  NUL_CHARACTER: UNREADABLE,
  BAD_HEADERS: UNREADABLE,
  BAD_BODY: UNREADABLE,
  BAD_KEY: UNREADABLE,
  UNKNOWN_TOPIC: UNREADABLE,
  UNKNOWN_VERSION: 'redrive it once a version that knows its schema is deployed',
  UNKNOWN_SAGA: 'redrive it once its saga is known here; if there never was such an order, discard it',
  UNKNOWN_COMMAND: 'its saga never sent this command: find out who did, then discard it',
  EXPIRED: 'its age would be refused again: put its saga right by an operator’s action, then discard it',
};
