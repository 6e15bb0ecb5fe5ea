import { runService } from '@saga/service-kit/run-service';
import { orchestratorService } from './app.ts';

await runService(orchestratorService);
