import { describe, expect, test } from 'vitest';
import { examplesIn, expectAsPrinted } from './printed-example.ts';

const page = (answer: string) => `Text.

\`\`\`sh
curl -s localhost:8081/orders -H 'content-type: application/json' \\
  -d '{"userId": 1}'
\`\`\`

\`\`\`json
${answer}
\`\`\`
`;

const printed = (answer: string) => examplesIn(page(answer))[0]?.answer;

test('a request is read as a shell would read it', () => {
  expect(examplesIn(page('{}'))).toEqual([
    {
      url: new URL('http://localhost:8081/orders'),
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"userId": 1}',
      answer: {},
    },
  ]);
});

describe('an answer', () => {
  test('may say more where there is a gap, and only there', () => {
    expectAsPrinted({ a: 1, b: 2, c: [1, 2] }, printed('{"a": 1, …}'));
    expectAsPrinted({ c: [{ d: 1, e: 2 }, 2, 3] }, printed('{"c": [{"d": 1, …}, …]}'));
    expect(() => expectAsPrinted({ a: 1, b: 2 }, printed('{"a": 1}'))).toThrow();
    expect(() => expectAsPrinted({ c: [1, 2] }, printed('{"c": [1]}'))).toThrow();
  });

  test('has every field and value that is printed', () => {
    expect(() => expectAsPrinted({ b: 2 }, printed('{"a": 1, …}'))).toThrow();
    expect(() => expectAsPrinted({ a: 2 }, printed('{"a": 1, …}'))).toThrow();
    expect(() => expectAsPrinted({ c: [1] }, printed('{"c": [1, 2, …]}'))).toThrow();
  });

  test('fits around what a text leaves out', () => {
    expectAsPrinted({ id: '01ab', link: 'http://x/01ab' }, printed('{"id": "01…", "link": "http://x/01…"}'));
    expect(() => expectAsPrinted({ id: '2' }, printed('{"id": "01…"}'))).toThrow();
  });
});
