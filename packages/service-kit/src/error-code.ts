/** What Node, PostgreSQL's client or Fastify calls a fault (`ECONNRESET`, `40P01`, …); undefined where it has no name. */
export const errorCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
