import { ProtocolError } from '@platformatic/kafka';

/** The names of the errors that brokers answered with, however deep the library wrapped them. */
export function brokerErrors(error: unknown): string[] {
  return [...new Set(leaves(error).flatMap((leaf) => (leaf instanceof ProtocolError ? [String(leaf.apiId)] : [])))];
}

/** What went wrong, each reason once: the library says it again for every attempt, wrapped by what it was doing. */
export function reasonOf(error: unknown): string {
  return [...new Set(leaves(error).map((leaf) => (leaf instanceof Error ? leaf.message : String(leaf))))].join(', ');
}

function leaves(error: unknown): unknown[] {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.flatMap(leaves);
  if (error instanceof Error && error.cause !== undefined) return leaves(error.cause);
  return [error];
}
