import { randomBytes } from 'node:crypto';

/** Version 00, the only one there is; neither id may be all zeros. */
export const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;

/** The caller's W3C trace context where it sent a valid one, else the start of a new trace (sampled). */
export function traceparentOf(header: string | string[] | undefined): string {
  if (typeof header === 'string' && TRACEPARENT.test(header)) return header;
  const ids = randomBytes(TRACE_ID_BYTES + SPAN_ID_BYTES).toString('hex');
  return `00-${ids.slice(0, 2 * TRACE_ID_BYTES)}-${ids.slice(2 * TRACE_ID_BYTES)}-01`;
}

/** The trace id, by which all that belongs to one saga is found in a tracing backend. */
export const traceIdOf = (traceparent: string): string => traceparent.slice(3, 35);
