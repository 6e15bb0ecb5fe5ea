import { runService } from '@saga/service-kit/run-service';
import { couponService } from './app.ts';

await runService(couponService);
