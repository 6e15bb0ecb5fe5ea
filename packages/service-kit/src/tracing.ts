import type { Attributes, SpanContext } from '@opentelemetry/api';
import type { Logger } from 'pino';
import { messageOf } from './faults.ts';

/** A piece of work that shows in the trace. */
export type OpenSpan = {
  /** What the work passes on, so that what follows from it hangs below it. */
  traceparent: string;
  /** Never called, the span is never seen. */
  end(attributes: Attributes, failure?: string): void;
};

export interface Tracing {
  /** Without a parent it is the first of a new trace. */
  begin(kind: 'request' | 'message', name: string, parent: string | undefined, attributes: Attributes): OpenSpan;
  /** Sends what is left, in bounded time. */
  stop(): Promise<void>;
}

/** More would only be needed while the collector is away; then spans are dropped rather than memory eaten. */
const MAX_WAITING_SPANS = 10_000;
const SEND_EVERY_MS = 1_000;
const SEND_LIMIT_MS = 2_000;

const SPAN_KINDS = { request: 'SERVER', message: 'CONSUMER' } as const;

/**
 * Sends spans to an OpenTelemetry collector (OTLP over HTTP, at `<endpoint>/v1/traces`). Only made where an endpoint is
 * set: then the libraries are loaded, and not before. The trace context travels in the messages either way.
 */
export async function createTracing(service: string, endpoint: string, logger: Logger): Promise<Tracing> {
  const [{ ROOT_CONTEXT, SpanKind, SpanStatusCode, trace }, sdk, { resourceFromAttributes }, { OTLPTraceExporter }] =
    await Promise.all([
      import('@opentelemetry/api'),
      import('@opentelemetry/sdk-trace'),
      import('@opentelemetry/resources'),
      import('@opentelemetry/exporter-trace-otlp-http'),
    ]);
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/+$/, '')}/v1/traces`,
    timeoutMillis: SEND_LIMIT_MS,
  });
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({ 'service.name': service }),
    spanProcessors: [
      new sdk.BatchSpanProcessor({
        exporter,
        maxQueueSize: MAX_WAITING_SPANS,
        scheduledDelayMillis: SEND_EVERY_MS,
        exportTimeoutMillis: SEND_LIMIT_MS,
      }),
    ],
  });
  const tracer = provider.getTracer('saga');

  return {
    begin: (kind, name, parent, attributes) => {
      const context = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, contextOf(parent));
      const span = tracer.startSpan(name, { kind: SpanKind[SPAN_KINDS[kind]], attributes }, context);
      return {
        traceparent: traceparentOf(span.spanContext()),
        end: (more, failure) => {
          span.setAttributes(more);
          if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
          span.end();
        },
      };
    },
    stop: () =>
      provider.shutdown().catch((error) => logger.warn({ error: messageOf(error) }, 'the last spans were not sent')),
  };
}

function contextOf(traceparent: string): SpanContext {
  const [, traceId = '', spanId = '', flags = ''] = traceparent.split('-');
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}

const traceparentOf = ({ traceId, spanId, traceFlags }: SpanContext): string =>
  `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
