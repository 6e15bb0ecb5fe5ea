import { runService } from '@saga/service-kit/run-service';
import { productService } from './app.ts';

await runService(productService);
