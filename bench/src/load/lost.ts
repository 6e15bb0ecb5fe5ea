/** When nothing more is placed, and an order has not ended after so long, it never will. */
export const LOST_AFTER_MS = 10 * 60_000;
