import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { runProgram } from './run-program.ts';
import type { StackAddresses } from './stack-file.ts';

/** In what two services disagree, in a sentence that says what to do. */
export type Difference = { orderId: string | null; service: string; code: string; message: string };

type Page = { items: Difference[]; nextCursor: string | null };

/**
 * Asks an orchestrator, page by page, whether the sagas and the services' books agree. It may be at work meanwhile.
 *
 * @throws with the answer where it cannot tell: a service is away.
 */
export async function* reconcile(orchestratorUrl: string): AsyncGenerator<Difference> {
  let cursor: string | null = '';
  while (cursor !== null) {
    const page: Page = await ask(`${orchestratorUrl}/reconciliation${cursor === '' ? '' : `?cursor=${cursor}`}`);
    yield* page.items;
    cursor = page.nextCursor;
  }
}

async function ask(url: string): Promise<Page> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`GET ${url} answered ${response.status}: ${await response.text()}`);
  return response.json() as Promise<Page>;
}

const STACK_FILE = path.resolve(import.meta.dirname, '../../.data/stack.json');

async function orchestratorUrl(): Promise<string> {
  const { ORCHESTRATOR_URL: given } = process.env;
  if (given) return given.replace(/\/+$/, '');
  const file = await readFile(STACK_FILE, 'utf8').catch(() => {
    throw new Error(
      'nothing is running here: `pnpm start` first, or say in ORCHESTRATOR_URL where an orchestrator answers',
    );
  });
  return (JSON.parse(file) as StackAddresses).services.orchestrator.url;
}

if (import.meta.main)
  await runProgram(async () => {
    let differences = 0;
    for await (const { message } of reconcile(await orchestratorUrl())) {
      console.log(message);
      differences += 1;
    }
    console.log(differences === 0 ? 'the sagas and the services’ books agree' : `${differences} differences`);
    process.exitCode = differences === 0 ? 0 : 1;
  });
