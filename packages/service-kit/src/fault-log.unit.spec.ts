import { pino } from 'pino';
import { beforeEach, expect, test } from 'vitest';
import { type FaultLog, faultLog } from './fault-log.ts';
import { Unavailable } from './faults.ts';

let lines: string[];
let log: FaultLog;
beforeEach(() => {
  lines = [];
  const logger = pino(
    { formatters: { level: (label) => ({ level: label }) } },
    {
      write: (line: string) => {
        const { level, msg, error, remedy } = JSON.parse(line);
        lines.push([level, msg, error, remedy].filter(Boolean).join(' | '));
      },
    },
  );
  log = faultLog(logger);
});

const away = new Error('connect ECONNREFUSED');
const forbidden = Object.assign(new Error('permission denied for table inbox'), { code: '42501' });

test('a fault that lasts is told once, and again when it changes or comes back', () => {
  for (const error of [away, away, forbidden, forbidden, away]) log.met(error, 'waiting');
  log.passed();
  log.met(away, 'waiting');
  expect(lines.map((line) => line.split(' | ')[2])).toEqual([
    away.message,
    forbidden.message,
    away.message,
    away.message,
  ]);
});

test('a fault that only a person can mend is an error, and says what to do', () => {
  const refused = Object.assign(new Error('password authentication failed'), { code: '28P01' });
  log.met(away, 'waiting');
  log.met(forbidden, 'waiting');
  log.met(new Unavailable('no connection', { cause: refused }), 'waiting');
  log.met(Object.assign(new Error('could not read block 7'), { code: 'XX001' }), 'waiting');
  expect(lines).toEqual([
    'warn | waiting | connect ECONNREFUSED',
    "error | waiting | permission denied for table inbox | grant the service's role what it lacks",
    expect.stringContaining('error | waiting | no connection: password authentication failed | make DATABASE_URL'),
    expect.stringContaining("error | waiting | could not read block 7 | look into PostgreSQL's log"),
  ]);
});

test('what meets several that work beside each other is told once, and needs mending until it meets none of them', async () => {
  await log.during(async (one) => {
    one.met(forbidden, 'repeated');
    await log.during(async (other) => other.met(forbidden, 'repeated'));
    expect(log.needsMending).toMatch(/^permission denied for table inbox: /);
    one.met(forbidden, 'repeated');
    expect(lines).toHaveLength(1);
  });
  expect(log.needsMending).toBeUndefined();
});
