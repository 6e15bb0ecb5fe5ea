import type { Sql } from '@saga/service-kit/database';
import type { SagaQueries } from '../../app/saga-queries.ts';
import { readOpenSagas, timersLate } from './open-sagas.ts';
import { pageOfSagas } from './page-of-sagas.ts';
import { endedSagas, pageOfHistory, readSaga, versionsInUse } from './read-sagas.ts';

export const postgresSagaQueries = (sql: Sql): SagaQueries => ({
  one: (id) => readSaga(sql, id),
  page: (filter, before, limit) => pageOfSagas(sql, filter, before, limit),
  history: (id, after, limit) => pageOfHistory(sql, id, after, limit),
  ended: (window, limit) => endedSagas(sql, window, limit),
  stats: (lookInto) => readOpenSagas(sql, lookInto),
  timersLate: () => timersLate(sql),
  versionsInUse: () => versionsInUse(sql),
});
