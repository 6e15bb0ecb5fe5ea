import { burst } from './burst.ts';
import { finished } from './finished.ts';
import { hot } from './hot.ts';
import { latency } from './latency.ts';
import { open } from './open.ts';
import { recovery } from './recovery.ts';
import { refused } from './refused.ts';
import { replicas } from './replicas.ts';
import type { Scenario } from './scenario.ts';
import { throughput } from './throughput.ts';

export const scenarios: readonly Scenario[] = [
  throughput,
  latency,
  refused,
  hot,
  burst,
  finished,
  open,
  replicas,
  recovery,
];
