import { memoryBroker } from '@saga/service-kit/memory-broker';
import { startService } from '@saga/service-kit/start-service';
import pino from 'pino';
import { expect, test } from 'vitest';
import { orchestratorService } from '../app.ts';
import { orderCreated } from './saga-messages.fixture.ts';
import { sagasUnderTest } from './sagas-in-postgres.fixture.ts';

test('a start without a definition that sagas still run on is refused, and says which and how many (trap 18)', async () => {
  const sagas = await sagasUnderTest();
  const orders = [orderCreated(), orderCreated(), orderCreated()];
  await sagas.handle(...orders);
  await sagas.database.query('UPDATE saga SET definition_version = 99 WHERE id <> $1', [orders[0]?.key]);
  const service = await startService(orchestratorService, {
    env: { DATABASE_URL: sagas.databaseUrl, PORT: '0' },
    broker: memoryBroker({ partitions: 1 }),
    logger: pino({ level: 'silent' }),
  });
  await expect(service.started).rejects.toThrow(
    /^definitions were removed that sagas still run on: ship-order v99 \(2 running sagas, such as [0-9a-f-]{36}\)/,
  );
  await service.stop();
  await sagas.close();
});
