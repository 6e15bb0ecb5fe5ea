import { runService } from '@saga/service-kit/run-service';
import { balanceService } from './app.ts';

await runService(balanceService);
