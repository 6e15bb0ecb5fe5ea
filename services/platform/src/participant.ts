import type { Participant } from '@saga/service-kit/participant';
import { type Books, count, countAndDispatch } from './domain.ts';
import { loadNothing, saveBooks } from './store.ts';

/** Where there is no platform to send to, orders are only counted: nothing may wait for ever to be sent. */
export const platformParticipant = ({ dispatching }: { dispatching: boolean }): Participant<Books> => ({
  service: 'platform',
  listeners: { 'order-processed': dispatching ? countAndDispatch : count },
  keys: {
    dispatches: (dispatch) => dispatch.orderId,
    days: (day) => day.date,
  },
  load: loadNothing,
  save: saveBooks,
});
