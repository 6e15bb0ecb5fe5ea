import { expect } from 'vitest';

/** A request as a document prints it, and the answer that it prints below; `…` stands for what is not told. */
export type PrintedExample = {
  url: URL;
  method: string;
  headers: Record<string, string>;
  body?: string;
  answer: unknown;
};

const GAP = '…';

/** Every `curl` in a document's `sh` blocks, with the `json` block that follows it. */
export const examplesIn = (markdown: string): PrintedExample[] =>
  [...markdown.matchAll(/^```sh\n(curl .*?)^```\s+```json\n(.*?)^```/gms)].map(([, command = '', answer = '']) => ({
    ...requestOf(command),
    answer: JSON.parse(withGapsQuoted(answer)),
  }));

function requestOf(command: string): Omit<PrintedExample, 'answer'> {
  const words = [...command.matchAll(/'([^']*)'|([^\s\\']+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
  const after = (flag: string): string[] => words.flatMap((word, at) => (word === flag ? (words[at + 1] ?? []) : []));
  const [body] = after('-d');
  const address = words.find((word) => word.startsWith('localhost:'));
  if (address === undefined) throw new Error(`no address in ${command}`);
  return {
    url: new URL(`http://${address}`),
    method: body === undefined ? 'GET' : 'POST',
    headers: Object.fromEntries(after('-H').map((header) => header.split(/:\s*/, 2))),
    body,
  };
}

/** As JSON: in an object a gap is a field, in a list an item. */
function withGapsQuoted(text: string): string {
  const open: string[] = [];
  return text.replace(/"(?:[^"\\]|\\.)*"|[{}[\]]|…/g, (token) => {
    if (token === '{' || token === '[') open.push(token);
    if (token === '}' || token === ']') open.pop();
    if (token !== GAP) return token;
    return open.at(-1) === '{' ? `"${GAP}": null` : `"${GAP}"`;
  });
}

/** The answer is what was printed: the same values, no field that is not printed, except where there is a gap. */
export function expectAsPrinted(actual: unknown, printed: unknown): void {
  expect(actual).toEqual(expected(printed, actual));
}

function expected(printed: unknown, actual: unknown): unknown {
  if (typeof printed === 'string' && printed.includes(GAP))
    return expect.stringMatching(new RegExp(`^${printed.split(GAP).map(RegExp.escape).join('.*')}$`));
  if (Array.isArray(printed)) {
    const items = printed.filter((item) => item !== GAP);
    const others = Array.isArray(actual) && items.length < printed.length ? actual.slice(items.length) : [];
    return [...items.map((item, at) => expected(item, Array.isArray(actual) ? actual[at] : undefined)), ...others];
  }
  if (typeof printed !== 'object' || printed === null) return printed;
  const { [GAP]: gap, ...fields } = printed as Record<string, unknown>;
  const found: Record<string, unknown> = typeof actual === 'object' && actual !== null ? { ...actual } : {};
  const told = Object.entries(fields).map(([name, value]) => [name, expected(value, found[name])]);
  return { ...(gap === undefined ? {} : found), ...Object.fromEntries(told) };
}
