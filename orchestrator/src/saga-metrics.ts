import { Counter, Gauge, type Registry } from 'prom-client';
import type { TimersLate } from './app/saga-queries.ts';
import type { SagaStats } from './app/saga-stats.ts';

const SECOND_MS = 1_000;

export type SagaMetrics = {
  /** How the open sagas stand by now. */
  stand(stats: SagaStats, now: Date): void;
  late(timers: TimersLate): void;
  resent(commands: number): void;
  putOff(): void;
};

export function createSagaMetrics(registry: Registry): SagaMetrics {
  const registers = [registry];
  const open = new Gauge({ name: 'saga_sagas_open', help: 'Sagas that have not ended', registers });
  const stuck = new Gauge({
    name: 'saga_sagas_stuck',
    help: 'Sagas that wait for an operator or retry without an end, by code',
    labelNames: ['code'],
    registers,
  });
  const silent = new Gauge({
    name: 'saga_participants_silent',
    help: 'Of the thousand oldest open sagas those that wait for a participant that answers nothing, by its command',
    labelNames: ['command'],
    registers,
  });
  const oldestWait = new Gauge({
    name: 'saga_oldest_wait_seconds',
    help: 'How long the longest wait for an answer has lasted, by command',
    labelNames: ['command'],
    registers,
  });
  const late = new Gauge({
    name: 'saga_timers_late_seconds',
    help: 'How long the saga that was due first has waited to be woken',
    registers,
  });
  const looksLate = new Gauge({
    name: 'saga_looks_late_seconds',
    help: 'How long the saga that waits for a silent participant, and should have been looked at first, has waited for it',
    registers,
  });
  const resends = new Counter({
    name: 'saga_resends_total',
    help: 'Commands that were sent again: after a failure, a loss, or to probe a silent participant',
    registers,
  });

  const putOff = new Counter({
    name: 'saga_timers_put_off_total',
    help: 'Timers on which the engine failed: a bug, with the saga in the log',
    registers,
  });

  return {
    stand: (stats, now) => {
      open.set(stats.open);
      for (const gauge of [stuck, silent, oldestWait]) gauge.reset(); // what is over is shown no more
      for (const { code, sagas } of stats.stuckByCode) stuck.set({ code }, sagas);
      for (const participant of stats.participants) {
        const { command, waitingSince } = participant;
        silent.set({ command }, participant.silent);
        oldestWait.set({ command }, (now.getTime() - Date.parse(waitingSince)) / SECOND_MS);
      }
    },
    late: ({ dueMs, looksMs }) => {
      late.set(dueMs / SECOND_MS);
      looksLate.set(looksMs / SECOND_MS);
    },
    resent: (commands) => resends.inc(commands),
    putOff: () => putOff.inc(),
  };
}
