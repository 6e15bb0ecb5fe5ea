import type { SagaStore } from '../../app/saga-store.ts';
import { claimDue } from './claim-due.ts';
import { loadSagas } from './load-sagas.ts';
import { saveAnswered, saveJournal, saveSagas } from './save-batch.ts';
import { countProbes, loadProgress } from './topic-progress.ts';
import { setWakeUps } from './wake-ups.ts';

/** The orchestrator's rows in PostgreSQL: one SQL verb, one file. */
export const postgresSagaStore: SagaStore = {
  load: loadSagas,
  claimDue,
  save: (sql, { changes, journal, answered }) => {
    saveSagas(sql, changes);
    saveJournal(sql, journal);
    saveAnswered(sql, answered);
  },
  setWakeUps,
  loadProgress,
  countProbes,
};
