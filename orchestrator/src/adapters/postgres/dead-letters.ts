import type { Database } from '@saga/service-kit/database';
import type { DeadLetterStore } from '../../app/dead-letters.ts';
import { decideDeadLetter, redriveMany } from './decide-dead-letters.ts';
import { keepDeadLetters } from './keep-dead-letters.ts';
import { countOpenDeadLetters, openOnTopics, pageOfDeadLetters, readDeadLetter } from './read-dead-letters.ts';
import { claimRedriving, setRedriven } from './redriving.ts';

export const postgresDeadLetters = (database: Database): DeadLetterStore => ({
  keep: (letters) => keepDeadLetters(database, letters),
  one: (id) => readDeadLetter(database, id),
  page: (filter, before, limit, valueBytes) => pageOfDeadLetters(database, filter, before, limit, valueBytes),
  countOpen: (kind) => countOpenDeadLetters(database, kind),
  openOnTopics: (kind) => openOnTopics(database, kind),
  decide: decideDeadLetter,
  redriveMany,
  claimRedriving,
  setRedriven,
});
