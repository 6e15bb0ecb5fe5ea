import type { Sql } from '@saga/service-kit/database';
import type { SagaQueries } from '../../app/saga-queries.ts';
import { countSagas, openSagas, pageOfHistory, pageOfSagas, readSaga, versionsInUse } from './read-sagas.ts';

export const postgresSagaQueries = (sql: Sql): SagaQueries => ({
  one: (id) => readSaga(sql, id),
  page: (filter, before, limit) => pageOfSagas(sql, filter, before, limit),
  history: (id, after, limit) => pageOfHistory(sql, id, after, limit),
  open: (window, limit) => openSagas(sql, window, limit),
  counts: () => countSagas(sql),
  versionsInUse: () => versionsInUse(sql),
});
