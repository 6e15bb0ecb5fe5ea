import { runService } from '@saga/service-kit/run-service';
import { deliveryService } from './app.ts';

await runService(deliveryService);
