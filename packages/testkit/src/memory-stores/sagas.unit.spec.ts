import { MemoryDatabase, memoryTable, statement } from '../memory-database/memory-database.ts';
import { sagaStoreContract } from '../saga-store-contract.ts';
import { memorySagas } from './sagas.ts';

sagaStoreContract(async () => {
  const database = new MemoryDatabase(Date.now);
  return {
    store: memorySagas({
      sagas: memoryTable('sagas'),
      journal: memoryTable('journal'),
      progress: memoryTable('progress'),
    }),
    database: database.connect(async () => {}),
    executed: (sql) => statement(sql, () => {}),
    blocked: async () => database.locks.waiting,
  };
});
