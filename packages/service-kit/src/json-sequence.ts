const SEPARATOR = '\u001e';

/**
 * JSON documents as one parameter, one after the other, for {@link documentsIn}: null and undefined become NULL. The
 * separator is that of RFC 7464, which no JSON text holds. As an array they would be escaped one by one, and as a part
 * of a larger document PostgreSQL would read them twice.
 */
export const jsonSequence = (documents: readonly unknown[]): string =>
  sequenceOf(documents.map((document) => JSON.stringify(document ?? null)));

/** The same of documents that are JSON texts already. */
export const sequenceOf = (texts: readonly string[]): string => texts.join(SEPARATOR);

/** The rows of one text column that a parameter such as `$2` holds as {@link jsonSequence}: to be cast to json. */
export const documentsIn = (parameter: `$${number}`): string =>
  `unnest(string_to_array(${parameter}, E'\\x1e', 'null'))`;
