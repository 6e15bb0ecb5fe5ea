import { runService } from '@saga/service-kit/run-service';
import { orderService } from './app.ts';

await runService(orderService);
