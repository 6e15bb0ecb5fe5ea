import { isTopic } from '@saga/messages/topics';
import type { OpenOnTopic } from './dead-letters.ts';
import { redrivableTopics } from './original.ts';

/** So many dead letters that a redrive of many never takes, and why, in a sentence. */
export type LeftOpen = { letters: number; why: string };

/** Of the open ones, what a redrive of many leaves for people: it takes from the rows, and only what can be read again. */
export function leftOf(open: readonly OpenOnTopic[]): LeftOpen[] {
  const known = open.filter(({ topic }) => isTopic(topic));
  const redrivable = known.filter(({ topic }) => isRedrivable(topic));
  const left: LeftOpen[] = [
    {
      letters: sum(known.filter(({ topic }) => !isRedrivable(topic)).map(({ letters }) => letters)),
      why: 'they are of state topics, where an old version must not come behind a newer one: see the advice of each',
    },
    {
      letters: sum(open.filter((each) => !known.includes(each)).map(({ letters }) => letters)),
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

const isRedrivable = (topic: string): boolean => redrivableTopics.some((each) => each === topic);

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
