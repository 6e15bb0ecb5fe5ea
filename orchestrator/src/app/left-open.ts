import { isStateTopic, isTopic } from '@saga/messages/topics';
import type { OpenOnTopic } from './dead-letters.ts';

/** So many dead letters that a redrive of many never takes, and why, in a sentence. */
export type LeftOpen = { letters: number; why: string };

/** Of the open ones, what a redrive of many leaves for people: it takes from the rows, and only what can be read again. */
export function leftOf(open: readonly OpenOnTopic[]): LeftOpen[] {
  const ofStates = open.filter(({ topic }) => isStateTopic(topic));
  const unknown = open.filter(({ topic }) => !isTopic(topic));
  const redrivable = open.filter((each) => !ofStates.includes(each) && !unknown.includes(each));
  const left: LeftOpen[] = [
    {
      letters: sum(ofStates.map(({ letters }) => letters)),
      why: 'they are of state topics, where an old version must not come behind a newer one: see the advice of each',
    },
    {
      letters: sum(unknown.map(({ letters }) => letters)),
      why: 'they are of topics that are not known here: discard each',
    },
    {
      letters: sum(redrivable.map(({ notWhole }) => notWhole)),
      why: 'perhaps not all of them was kept here: redrive each by itself, which reads it again where it lay',
    },
    {
      letters: sum(redrivable.map(({ empty }) => empty)),
      why: 'they have no key or no value, so that nobody can ever read them: discard each',
    },
  ];
  return left.filter(({ letters }) => letters > 0);
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
