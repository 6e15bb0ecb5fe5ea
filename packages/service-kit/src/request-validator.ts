import type { FastifySchemaCompiler } from 'fastify';
import type { z } from 'zod';
import { faultyFields, unstorableText } from './faulty-fields.ts';
import { badRequest, type FieldError, inWords, notFound, type Problem, unprocessable } from './problem.ts';

/**
 * Checks a part of a request against its zod schema. What fails is a problem that names every faulty field: of the
 * body 422, of the query or the headers 400; a path that cannot name anything is 404.
 */
export const requestValidator: FastifySchemaCompiler<z.ZodType> =
  ({ schema, httpPart }) =>
  (data: unknown) => {
    // Fastify hands over a body that was not sent as null; to a schema it is undefined, as any other missing thing.
    const given = data ?? undefined;
    const parsed = schema.safeParse(given);
    const faults = [...(parsed.success ? [] : faultyFields(given, parsed.error.issues)), ...unstorableText(given)];
    return parsed.success && faults.length === 0 ? { value: parsed.data } : { error: refusal(httpPart, given, faults) };
  };

function refusal(httpPart: string | undefined, given: unknown, faults: readonly FieldError[]): Problem {
  switch (httpPart) {
    case 'params': {
      const names = new Set(faults.map(({ pointer }) => named(given, pointer.slice(1))));
      return notFound(`nothing has ${[...names].join(', ')}`);
    }
    case 'querystring':
      return badRequest('INVALID_QUERY', `the query is not valid: ${inWords(faults)}`, faults);
    case 'headers':
      return badRequest('INVALID_HEADER', `a header is not valid: ${inWords(faults)}`, faults);
    default:
      return unprocessable(faults);
  }
}

/** `the orderId "x"`: a path's parameters are all there, and texts. */
const named = (given: unknown, name: string): string =>
  `the ${name} ${JSON.stringify(Reflect.get(Object(given), name))}`;
