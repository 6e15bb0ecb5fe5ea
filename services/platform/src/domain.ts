import type { Message } from '@saga/messages/message';
import type { Body } from '@saga/messages/topics';
import type { Changes, Rows } from '@saga/service-kit/participant';

/** A processed order that the external platform is to be told of. */
export type Dispatch = { orderId: string; order: Body<'order-processed'> };

/** What a batch of orders adds to a day's statistics. */
export type DayIncrease = {
  /** The day on which the orders were completed, in UTC: `2026-01-31`. */
  date: string;
  orders: number;
  /** Pieces, not lines. */
  items: number;
  totalAmount: number;
  discountAmount: number;
  finalAmount: number;
};

export type Books = { dispatches: Dispatch; days: DayIncrease };

/** Counts an order on the day it was completed. */
export function count({ days }: Rows<Books>, { body }: Message<'order-processed'>): Changes<Books> {
  const date = new Date(body.completedAt).toISOString().slice(0, 'yyyy-mm-dd'.length);
  const day = days.get(date) ?? NOTHING_YET;
  return {
    days: [
      {
        date,
        orders: day.orders + 1,
        items: day.items + body.items.reduce((pieces, { quantity }) => pieces + quantity, 0),
        totalAmount: day.totalAmount + body.totalAmount,
        discountAmount: day.discountAmount + body.discountAmount,
        finalAmount: day.finalAmount + body.finalAmount,
      },
    ],
  };
}

const NOTHING_YET = { orders: 0, items: 0, totalAmount: 0, discountAmount: 0, finalAmount: 0 };

/** Counts an order and notes it for the platform. */
export const countAndDispatch = (books: Rows<Books>, message: Message<'order-processed'>): Changes<Books> => ({
  ...count(books, message),
  dispatches: [{ orderId: message.body.orderId, order: message.body }],
});
