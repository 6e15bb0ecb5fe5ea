import { runService } from '@saga/service-kit/run-service';
import { platformService } from './app.ts';

await runService(platformService);
